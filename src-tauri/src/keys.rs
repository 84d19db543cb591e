//! Keys pressed inside a message. Its frame runs no script (B-07), so nobody there hears them: the window does, before
//! its page, and tells the page of those that mean the whole window (C-08).

#[cfg(target_os = "linux")]
use gtk::{gdk, glib::Propagation, prelude::WidgetExt as _};

/// From now on the page hears the window's keys also while a message has the focus.
///
/// # Errors
/// When the platform does not give its window.
#[cfg(target_os = "linux")]
pub fn follow(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    let page = window.clone();
    window.gtk_window()?.connect_key_press_event(move |_, event| {
        let control = event.state().contains(gdk::ModifierType::CONTROL_MASK);
        let shift = event.state().contains(gdk::ModifierType::SHIFT_MASK);
        if let Some(key) = event.keyval().name().filter(|key| is_the_windows(key, control))
            && let Err(error) = page.eval(told(&key, control, shift))
        {
            tracing::warn!(%error, "a key was not passed on");
        }
        Propagation::Proceed
    });
    Ok(())
}

/// Other platforms' frames are left with Tab.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn follow(_: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// True for a key that may be a command; what a person writes stays where it is.
#[cfg(any(target_os = "linux", test))]
fn is_the_windows(key: &str, control: bool) -> bool {
    control && key.len() == 1 || matches!(key, "F1" | "F6")
}

/// The script that tells the page, if a frame has the focus: it hears every other key itself.
#[cfg(any(target_os = "linux", test))]
fn told(key: &str, control: bool, shift: bool) -> String {
    let what = serde_json::json!({
        "key": key, "ctrlKey": control, "shiftKey": shift, "bubbles": true, "cancelable": true,
    });
    format!(
        "if (document.activeElement instanceof HTMLIFrameElement) \
         document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {what}))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_are_passed_on() {
        assert!(is_the_windows("F6", false) && is_the_windows("k", true));
        for key in ["k", "Escape", "Tab", "Return", "F5"] {
            assert!(!is_the_windows(key, false), "{key}");
        }
        assert!(told("F6", false, true).contains(r#""key":"F6""#));
    }
}
