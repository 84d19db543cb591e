//! Cuts a file into its events, each with what its calendar says of all of them.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::{
    MAX_EVENT, MAX_UID, MAX_ZONE, MAX_ZONES, TOO_LARGE, alone,
    event::{Appointment, appointment, parse},
    itip::Method,
    lines,
    zones::{Described, Zones, tidy, zone_names},
};
use crate::mailbox::{
    bounds,
    clean::{one_line, prefix},
};

/// An event as it stands in a file.
pub struct Event<'a> {
    /// Where it starts, in bytes of the file's text.
    pub position: u64,
    block: &'a str,
    /// Of which calendar.
    of: usize,
}

/// A file may hold several calendars (RFC 5545 §3.4); each speaks of its own events only.
#[derive(Default)]
struct Object<'a> {
    /// The zone of times that name none.
    zone: &'a str,
    method: Method,
    zones: HashMap<String, &'a str>,
}

/// A file, cut into its events. Its zones are read once, when an event names them.
pub struct Calendar<'a> {
    /// Its events, in order.
    pub events: Vec<Event<'a>>,
    objects: Vec<Object<'a>>,
    known: RefCell<HashMap<(usize, String), Arc<Described>>>,
}

impl<'a> Calendar<'a> {
    /// Cuts a file.
    ///
    /// # Errors
    /// The reason the file is no calendar, one sentence.
    pub fn cut(text: &'a str) -> Result<Self, &'static str> {
        let (mut events, mut objects) = (Vec::new(), vec![Object::default()]);
        let (mut in_calendar, mut used, mut start, mut at) = (false, false, None, 0);
        for line in text.split_inclusive('\n') {
            let word = line.trim_end();
            let is = |what: &str| word.eq_ignore_ascii_case(what);
            let of = objects.len() - 1;
            match start {
                None if is("BEGIN:VCALENDAR") => {
                    in_calendar = true;
                    // One without anything in it takes no room.
                    match std::mem::take(&mut used) {
                        true => objects.push(Object::default()),
                        false => objects[of] = Object::default(),
                    }
                }
                None if is("BEGIN:VEVENT") => start = Some((at, "END:VEVENT")),
                None if is("BEGIN:VTIMEZONE") => start = Some((at, "END:VTIMEZONE")),
                None => {
                    if let Some(name) = lines::value_of(word, "X-WR-TIMEZONE") {
                        objects[of].zone = prefix(name.trim(), MAX_UID);
                    } else if let Some(method) = lines::value_of(word, "METHOD") {
                        objects[of].method = Method::named(method);
                    }
                }
                Some((from, end)) if is(end) || is("END:VCALENDAR") => {
                    let block = &text[from..at + line.len()];
                    used = true;
                    if end == "END:VEVENT" {
                        events.push(Event {
                            position: from as u64,
                            block,
                            of,
                        });
                    } else if let Some(name) = lines::zone_name(block) {
                        objects[of].zones.entry(tidy(&name)).or_insert(block);
                    }
                    start = None;
                }
                Some(_) => {}
            }
            at += line.len();
        }
        if let Some((from, "END:VEVENT")) = start {
            // Cut short: it is told when it is read.
            events.push(Event {
                position: from as u64,
                block: &text[from..],
                of: objects.len() - 1,
            });
        }
        if !in_calendar && events.is_empty() {
            return Err("It is not a calendar: there is no BEGIN:VCALENDAR.");
        }
        Ok(Self {
            events,
            objects,
            known: RefCell::default(),
        })
    }

    /// The same, with what the mail around it says it is for, where it does not say so itself.
    #[must_use]
    pub fn sent_as(mut self, method: Option<Method>) -> Self {
        for object in &mut self.objects {
            if object.method == Method::Publish {
                object.method = method.unwrap_or_default();
            }
        }
        self
    }

    /// What the first of its calendars that holds an event is for.
    pub fn method(&self) -> Method {
        self.events
            .first()
            .map_or(Method::Publish, |event| self.objects[event.of].method)
    }

    /// Reads one of its events.
    ///
    /// # Errors
    /// The reason it cannot be used, one sentence.
    pub fn read(&self, event: &Event<'_>) -> Result<Appointment, String> {
        if event.block.len() > MAX_EVENT {
            return Err(TOO_LARGE.into());
        }
        let object = &self.objects[event.of];
        let mut head = match object.method {
            Method::Publish => String::new(),
            method => format!("METHOD:{}\r\n", method.word()),
        };
        if !object.zone.is_empty() {
            head.push_str(&format!("X-WR-TIMEZONE:{}\r\n", object.zone));
        }
        bounds::lines(event.block)?;
        let ics = alone(&format!("{head}{}", lines::with_quoted_zones(event.block)));
        let parsed = parse(&ics)?;
        let mut zones = Zones::of(&parsed, object.zone);
        let mut named = Vec::new();
        let mut size = 0;
        for name in zone_names(&parsed, object.zone) {
            let Some(described) = self.described(event.of, &name)? else {
                continue;
            };
            size += described.ics.len();
            if size > MAX_ZONES {
                return Err("It names time zones of more than 1 MiB.".into());
            }
            zones.add(name, described.zone.clone());
            named.push(described);
        }
        appointment(&parsed, &zones, ics.clone(), named)
    }

    /// A zone the file describes, read the first time it is asked for: its own calendar's, else the one that an earlier
    /// calendar of the file describes.
    fn described(&self, of: usize, name: &str) -> Result<Option<Arc<Described>>, String> {
        let has = |at: &usize| self.objects[*at].zones.contains_key(name);
        let Some(of) = Some(of).filter(has).or_else(|| (0..of.min(LOOKED)).find(has)) else {
            return Ok(None);
        };
        let place = (of, name.to_owned());
        if let Some(known) = self.known.borrow().get(&place) {
            return Ok(Some(Arc::clone(known)));
        }
        let block = self.objects[of].zones[name];
        if block.len() > MAX_ZONE {
            return Err(format!(
                "Its time zone “{}” is larger than 64 KiB.",
                one_line(name, 60)
            ));
        }
        let ics = alone(block);
        let unreadable = || format!("Its time zone “{}” cannot be read.", one_line(name, 60));
        bounds::lines(block).map_err(|_| unreadable())?;
        let parsed = parse(&ics).map_err(|_| unreadable())?;
        let described = Arc::new(Described {
            ics: block.to_owned(),
            hash: Sha256::digest(block.as_bytes()).into(),
            zone: Zones::of(&parsed, "").first(),
        });
        self.known.borrow_mut().insert(place, Arc::clone(&described));
        Ok(Some(described))
    }
}

/// In so many earlier calendars of a file a zone is looked for.
const LOOKED: usize = 100;
