use super::*;
use crate::{
    replica::{self, Link, Logged},
    store::Store,
};

fn mailbox() -> Address {
    Address::lenient("a@x")
}

fn apart() -> (Document, Document) {
    let one = || Document::genesis(&mailbox(), DocumentId(Uuid::from_u128(7))).unwrap();
    (one(), one())
}

/// Sets one register as this device.
fn sets(document: &mut Document, device: &[u8; 8], at: i64, register: &str, value: &impl Serialize) -> Made {
    let (why, on) = ((Action::Track, Origin::default()), document.now());
    document
        .edit(device, Time(at), why, &on, |e| e.set(register, value))
        .unwrap()
}

fn takes(document: &mut Document, device: &[u8; 8], made: &Made) {
    let again = document.apply(made.operation.clone(), device).unwrap().unwrap();
    assert_eq!(
        (&again.id, &again.change),
        (&made.id, &made.change),
        "one change follows"
    );
}

fn values<T: DeserializeOwned>(document: &Document, register: &str) -> Vec<T> {
    let written = document.written(register, None).unwrap();
    let contents = document.contents(None).unwrap();
    let by = |all: &[Written<T>]| all.iter().map(|w| w.by.clone()).collect::<Vec<_>>();
    assert_eq!(by(&written), by(&contents.written(register).collect::<Vec<_>>()));
    written.into_iter().map(|w| w.value).collect()
}

#[test]
fn the_genesis_change_is_the_one_that_automerge_makes() {
    let mailbox = mailbox();
    let ids = [0, 7, u128::MAX].map(|n| DocumentId(Uuid::from_u128(n)));
    for id in ids
        .into_iter()
        .chain([DocumentId::grants(&mailbox), DocumentId::settings(&mailbox)])
    {
        let mut automerge = AutoCommit::new().with_actor(ActorId::from(&first_actor(&mailbox, id)[..]));
        automerge.put(ROOT, "kind", id.kind(&mailbox).as_str()).unwrap();
        automerge.commit_with(CommitOptions::default().with_time(0));
        let made = automerge.get_last_local_change().unwrap();
        assert_eq!(genesis(&mailbox, id).unwrap().raw_bytes(), made.raw_bytes());
        let other = genesis(&Address::lenient("b@x"), id).unwrap();
        assert_ne!(other.hash(), made.hash(), "it belongs to one mailbox");
    }
}

/// What our own rebuilding makes is what Automerge makes when it is edited.
#[test]
fn the_change_of_an_operation_is_the_one_that_automerge_makes() {
    let (mut a, mut b) = apart();
    let first = sets(&mut a, b"device-a", 1000, "x", &1);
    let beside = sets(&mut b, b"device-b", 2000, "x", &2);
    takes(&mut a, b"device-b", &beside);
    let on = a.now();
    let before = a.automerge.save();
    let why = (Action::Untrack, Origin::because_of("c", "b"));
    let made = a.edit(b"device-a", Time(3999), why, &on, |e| {
        e.set("x", &"over both")?;
        e.set("y", &[1, 2])
    });
    let made = made.unwrap();
    let mut automerge = AutoCommit::load(&before).unwrap();
    let id = OperationId::parse(&made.id).unwrap();
    automerge.set_actor(change::actor(b"device-a", &id));
    for put in &made.operation.puts {
        automerge.put(ROOT, &put.register, put.json.as_str()).unwrap();
    }
    automerge.commit_with(CommitOptions::default().with_time(3));
    assert_eq!(
        automerge.get_last_local_change().unwrap().raw_bytes(),
        made.change
    );
    assert_ne!(first.id, beside.id);
    let read = Document::read_change(made.change).unwrap();
    assert_eq!(change::puts(&read), made.operation.puts);
}

#[test]
fn two_who_start_apart_started_the_same_document() {
    let (mut a, mut b) = apart();
    let from_a = sets(&mut a, b"device-a", 1000, "x", &1);
    let from_b = sets(&mut b, b"device-b", 1000, "y", &2);
    takes(&mut a, b"device-b", &from_b);
    takes(&mut b, b"device-a", &from_a);
    takes(&mut b, b"device-a", &from_a);
    assert_eq!(a.automerge.get_heads(), b.automerge.get_heads());
    assert_eq!(
        (values::<i32>(&a, "x"), values::<i32>(&a, "y")),
        (vec![1], vec![2])
    );
}

#[test]
fn both_values_of_a_conflict_are_kept_in_the_same_order() {
    let (mut a, mut b) = apart();
    let from_a = sets(&mut a, b"device-a", 1000, "x", &1);
    let from_b = sets(&mut b, b"device-b", 1000, "x", &2);
    takes(&mut a, b"device-b", &from_b);
    takes(&mut b, b"device-a", &from_a);
    let mut both = values::<i32>(&a, "x");
    assert_eq!(both, values::<i32>(&b, "x"));
    both.sort_unstable();
    assert_eq!(both, [1, 2]);
    let log: Vec<_> = a
        .log()
        .into_iter()
        .map(|done| (done.device, done.heads.len()))
        .collect();
    assert!(log.contains(&(hex(b"device-b"), 0)) && log.len() == 2, "{log:?}");
}

#[test]
fn a_cloned_disk_cannot_wedge_a_merge() {
    // The same device, the same document, twice: with one actor per device this is `duplicate seq`, for ever.
    let (mut a, mut b) = apart();
    let from_a = sets(&mut a, b"device-a", 1000, "x", &1);
    let from_b = sets(&mut b, b"device-a", 1000, "x", &2);
    takes(&mut a, b"device-a", &from_b);
    takes(&mut b, b"device-a", &from_a);
    assert_eq!(a.automerge.get_heads(), b.automerge.get_heads());
}

/// What does not count is not built on: who edits beside it does not take it over.
#[test]
fn an_edit_is_made_in_sight_of_what_counts() {
    let (mut a, _) = apart();
    let good = sets(&mut a, b"device-a", 1000, "x", &1);
    let bad = sets(&mut a, b"device-b", 2000, "x", &2);
    let on = a.without(&BTreeSet::from([bad.id.clone()]));
    let why = (Action::Track, Origin::default());
    let next = a.edit(b"device-a", Time(3000), why, &on, |e| {
        e.set_once("x", &3)?;
        e.set("y", &4)
    });
    let next = next.unwrap();
    assert_eq!(next.operation.heads, [OperationId::parse(&good.id).unwrap()]);
    assert_eq!(next.operation.puts.len(), 1, "x was there");
    let on = a.without(&BTreeSet::from([bad.id]));
    let written = a.written::<i32>("x", Some(&on)).unwrap();
    assert_eq!(written.into_iter().map(|w| w.value).collect::<Vec<_>>(), [1]);
}

#[test]
fn nobody_builds_on_what_is_not_here() {
    let (mut a, mut b) = apart();
    sets(&mut a, b"device-a", 1000, "x", &1);
    let second = sets(&mut a, b"device-a", 2000, "x", &2);
    let missing = b.apply(second.operation, b"device-a").unwrap();
    assert_eq!(missing.unwrap_err(), Unfit::Missing);
    assert!(values::<i32>(&b, "x").is_empty());
}

#[test]
fn a_change_holds_no_more_than_it_may() {
    let (mut a, _) = apart();
    let (why, on) = ((Action::Track, Origin::default()), a.now());
    let nothing = a.edit(b"device-a", Time(1), why.clone(), &on, |_| Ok(()));
    assert!(nothing.is_err());
    let long = "a".repeat(MAX_CHANGE);
    let long = a.edit(b"device-a", Time(1), why, &on, |e| e.set("x", &long));
    assert_eq!(long.unwrap_err().code(), crate::Code::BadInput);
}

/// Logs a change as the next cycle will find it, or as an envelope brought it.
fn log(tx: &Connection, made: &Made, link: Option<Link>) -> Result<()> {
    let mailbox = mailbox();
    let by = Logged {
        mailbox: &mailbox,
        device: "d",
        person: &mailbox,
        link,
    };
    replica::log(tx, &by, made)?;
    Ok(())
}

#[test]
fn packing_changes_nothing_and_keeps_what_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let link = Link { branch: 0, seq: 1 };
    let (mut a, _) = apart();
    let mut own: Option<Operation> = None;
    let left = store
        .write(|tx| {
            for n in 0..3 * LOOSE {
                let made = sets(&mut a, b"device-a", n as i64, "x", &n);
                log(tx, &made, (n != 5).then_some(link))?;
                a.pack(tx)?;
                if n == 5 {
                    own = Some(made.operation);
                }
            }
            Document::verify(tx, &mailbox(), a.id)?;
            Ok(loose(tx, &mailbox(), a.id, a.through)?.len())
        })
        .unwrap();
    assert!(left <= LOOSE + 1, "{left} lie loose");
    let unsealed = store.read(|c| replica::unsealed(c, &mailbox(), 9)).unwrap();
    let unsealed: Vec<_> = unsealed.into_iter().map(|one| one.operation).collect();
    assert_eq!(unsealed, [own.unwrap()], "sealed as it was made");
    let again = store.read(|c| Document::open(c, &mailbox(), a.id)).unwrap();
    assert_eq!(again.heads(), a.heads());
    assert_eq!(values::<usize>(&again, "x"), [3 * LOOSE - 1]);
    let other = Address::lenient("b@x");
    assert!(store.read(|c| Document::find(c, &other, a.id)).unwrap().is_none());
}

#[test]
fn a_damaged_change_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (mut a, _) = apart();
    let mut made = sets(&mut a, b"device-a", 1, "x", &"text");
    let last = made.change.len() - 1;
    made.change[last] ^= 1;
    store
        .write(|tx| {
            log(tx, &made, None)?;
            assert!(Document::verify(tx, &mailbox(), a.id).is_err());
            Ok(())
        })
        .unwrap();
}
