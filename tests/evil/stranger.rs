//! Somebody has got an invitation's code that was meant for Dana, and as many devices as they like.

use behalf_core::{
    access::{Acceptance, Code, DeviceKey, NewsKind},
    model::Address,
    wire::{EntryKind, Envelope, Letter, Spot},
};
use behalf_tests::stage::terms;

use crate::{
    forge,
    world::{ALEX, World, mailbox},
};

fn dana() -> Address {
    Address::lenient("dana@contoso.example")
}

/// Alex has made a code for Dana.
fn code(world: &World) -> Code {
    Code::decode(&world.desk(ALEX).invite(&dana(), &terms()).unwrap().code).unwrap()
}

fn sends(world: &World, key: &DeviceKey, letter: Letter<'_>) {
    let first = Spot {
        seq: 1,
        prev: [0; 32],
        epoch: 0,
    };
    let envelope = Envelope::write(&mailbox(), key, first, letter).unwrap();
    let bytes = envelope.encode().unwrap();
    forge::plants(world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
}

fn accepts(world: &World, code: &Code, key: &DeviceKey) {
    let (acceptance, _) = Acceptance::new(code, &dana(), "Dana", key).unwrap();
    sends(world, key, Letter::Acceptance(code.maker().unwrap(), &acceptance));
}

fn devices() -> impl Iterator<Item = DeviceKey> {
    (0..60).map(|n| DeviceKey::from_secret(&[100 + n; 32]))
}

fn told(world: &World, kind: NewsKind) -> usize {
    let news = world.desk(ALEX).invitation_news().unwrap();
    news.iter().filter(|one| one.kind == kind).count()
}

/// sixty devices accept it after Dana's, before and after Alex has confirmed: Alex is told of a few, Dana is let in,
/// and nobody else.
#[test]
fn a_01_a_code_that_many_accept() {
    let world = World::at_work();
    let (code, danas) = (code(&world), DeviceKey::from_secret(&[99; 32]));
    accepts(&world, &code, &danas);
    world.syncs(ALEX);
    let alex = world.desk(ALEX);
    let compared = alex.accepted_by(&dana()).unwrap().remove(0);
    devices().take(30).for_each(|key| accepts(&world, &code, &key));
    world.syncs(ALEX);
    assert_eq!(told(&world, NewsKind::AcceptedAgain), 20);
    alex.confirm(&compared.id, &compared.accepted.unwrap().compared)
        .unwrap();
    assert_eq!(told(&world, NewsKind::AcceptedAgain), 0, "Alex has compared");
    devices().for_each(|key| accepts(&world, &code, &key));
    world.settles(&[]);
    let known: Vec<String> = world.rows(
        ALEX,
        "SELECT id FROM device WHERE mailbox = ?1 AND person = ?2",
        &[mailbox().as_str(), dana().as_str()],
    );
    assert_eq!(known, [danas.id()]);
    world.agree(&[]);
    world.works_on(&[]);
}

/// they say that the words differ after Alex has confirmed, and in the name of whatever device they like. Alex is
/// told once, the access stands until Alex ends it, and what Alex has put aside stays aside.
#[test]
fn a_01_a_07_they_say_that_the_words_differ() {
    let world = World::at_work();
    let (code, danas) = (code(&world), DeviceKey::from_secret(&[99; 32]));
    accepts(&world, &code, &danas);
    world.syncs(ALEX);
    let alex = world.desk(ALEX);
    let compared = alex.accepted_by(&dana()).unwrap().remove(0);
    alex.confirm(&compared.id, &compared.accepted.unwrap().compared)
        .unwrap();
    let before = world.counts(ALEX);
    devices().for_each(|key| sends(&world, &key, Letter::Withdrawal(&code.withdrawal())));
    world.settles(&[]);
    assert_eq!(told(&world, NewsKind::Differs), 1);
    assert!(!alex.doctor(false).unwrap().ok);
    alex.withdraw(&compared.id).unwrap();
    sends(
        &world,
        &DeviceKey::from_secret(&[98; 32]),
        Letter::Withdrawal(&code.withdrawal()),
    );
    world.nothing_came_of_it(&[], &before);
    assert_eq!(told(&world, NewsKind::Differs), 0);
}

/// they say in the name of another device that its words match: Alex can look them up as before.
#[test]
fn a_03_they_say_that_the_words_match() {
    let world = World::at_work();
    let (code, danas) = (code(&world), DeviceKey::from_secret(&[99; 32]));
    accepts(&world, &code, &danas);
    world.syncs(ALEX);
    let alex = world.desk(ALEX);
    let compared = alex.accepted_by(&dana()).unwrap().remove(0);
    let words = compared.accepted.clone().unwrap();
    alex.confirm(&compared.id, &words.compared).unwrap();
    let (_, of) = Acceptance::new(&code, &dana(), "Dana", &danas).unwrap();
    devices()
        .take(3)
        .for_each(|key| sends(&world, &key, Letter::Match(&of.said())));
    // Robin, whom Alex knows, repeats it as well.
    let robin = world.key(crate::world::ROBIN);
    let sent = world.store(crate::world::ROBIN).write(|tx| {
        behalf_core::wire::post(tx, &mailbox(), &robin, Letter::Match(&of.said()))?;
        Ok(())
    });
    sent.unwrap();
    world.settles(&[]);
    let grants = alex.grants(None).unwrap();
    let grant = grants.iter().find(|grant| grant.delegate == dana()).unwrap();
    assert_eq!(grant.words.as_deref(), Some(&*words.words));
    world.works_on(&[]);
}
