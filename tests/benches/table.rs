//! Medians and a table of them.

/// The middle of some figures.
#[allow(dead_code, reason = "not every benchmark prints medians")]
pub fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

/// The figure below which this share of all lies.
pub fn quantile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

/// Prints rows under a head, in Markdown, so that they can go into BENCHMARKS.md as they are.
pub fn print<const N: usize>(head: [&str; N], rows: &[[String; N]]) {
    println!("| {} |", head.join(" | "));
    println!("|{}|", ["---"; N].join("|"));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!();
}
