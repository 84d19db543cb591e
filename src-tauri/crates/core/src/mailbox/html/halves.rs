//! Pairs of colours one half of which was lost with the style sheet: pale text without anything dark behind it in the whole
//! message, or something dark without any pale text. What is left of such a pair goes too.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

use super::colours::{declarations, light};

/// Lightness from 0 to 1: text above this cannot be read on white.
const PALE: f32 = 0.8;
/// Dark text cannot be read on what is below this.
const DEEP: f32 = 0.35;

/// What was seen of a message's colours, and which of them go.
#[derive(Debug, Default)]
pub struct Colours {
    drops: Option<Half>,
    any: AtomicBool,
    pale_text: AtomicBool,
    deep_ground: AtomicBool,
}

/// The half of a pair that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Text that can only be read on something dark.
    PaleText,
    /// What only pale text can be read on.
    DeepGround,
}

impl Colours {
    /// For a message that has only this half of a pair: it goes.
    pub fn without(half: Half) -> Self {
        Self {
            drops: Some(half),
            ..Self::default()
        }
    }

    /// Does the message set colours that stay?
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The half whose other one is nowhere in the message.
    pub fn alone(&self) -> Option<Half> {
        let seen = |half: &AtomicBool| half.load(Ordering::Relaxed);
        match (seen(&self.pale_text), seen(&self.deep_ground)) {
            (true, false) => Some(Half::PaleText),
            (false, true) => Some(Half::DeepGround),
            _ => None,
        }
    }

    /// A colour of text; false when it goes.
    pub fn text(&self, colour: &str) -> bool {
        let pale = light(colour).is_some_and(|light| light > PALE);
        self.keep(pale, &self.pale_text, Half::PaleText)
    }

    /// A colour behind text; false when it goes.
    pub fn ground(&self, colour: &str) -> bool {
        let deep = light(colour).is_some_and(|light| light < DEEP);
        self.keep(deep, &self.deep_ground, Half::DeepGround)
    }

    fn keep(&self, is_half: bool, seen: &AtomicBool, half: Half) -> bool {
        seen.fetch_or(is_half, Ordering::Relaxed);
        let stays = !(is_half && self.drops == Some(half));
        self.any.fetch_or(stays, Ordering::Relaxed);
        stays
    }

    /// A style with the colours that stay.
    pub fn style<'a>(&self, style: Cow<'a, str>) -> Cow<'a, str> {
        let stays = |(property, value): &(&str, &str)| match property.to_ascii_lowercase().as_str() {
            "color" => self.text(value),
            "background-color" => self.ground(value),
            _ => true,
        };
        let kept: Vec<_> = declarations(&style).map(|one| (one, stays(&one))).collect();
        if kept.iter().all(|(_, stays)| *stays) {
            return style;
        }
        let kept = kept.iter().filter(|(_, stays)| *stays);
        Cow::Owned(
            kept.map(|((property, value), _)| format!("{property}:{value};"))
                .collect(),
        )
    }
}
