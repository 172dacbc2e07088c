//! Several people on one phone: who is signed in, PINs, taking turns.

use serde_json::json;
use xuncha_core::model::EntityId;
use xuncha_core::notebook::{Notebook, SignInAgain, SignedIn};

use super::{Failure, Printer};

pub(super) fn list(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    for person in phone.people()? {
        printer.say(&json!(person), describe(&person));
    }
    Ok(())
}

fn describe(person: &SignedIn) -> String {
    let mark = if person.is_current { "*" } else { " " };
    let mut text = format!("{mark} {}  {}", person.user, person.name);
    if !person.has_pin {
        text.push_str("  no PIN");
    } else if person.needs_sign_in {
        text.push_str("  too many wrong PINs: sign in again");
    }
    if let Some(until) = person.locked_until {
        text.push_str(&format!("  no try before {until}"));
    }
    match person.sign_in_again {
        Some(SignInAgain::Left) => text.push_str("  has left"),
        Some(_) => text.push_str("  should sign in again"),
        None => {}
    }
    if person.unsent > 0 {
        text.push_str(&format!("  {} not judged yet", person.unsent));
    }
    text
}

pub(super) fn set_pin(phone: &Notebook, pin: Option<String>, printer: &Printer) -> Result<(), Failure> {
    phone.set_pin(&given(pin)?)?;
    let status = phone.status()?;
    let text = format!("{} has a new PIN", status.name.unwrap_or_default());
    printer.say(&json!({ "user": status.user, "has_pin": true }), text);
    Ok(())
}

pub(super) fn switch(phone: &Notebook, user: &str, pin: Option<String>, printer: &Printer) -> Result<(), Failure> {
    let person = find(phone, user)?;
    phone.switch_to(person.user, &given(pin)?)?;
    printer.say(&json!({ "user": person.user, "name": person.name }), format!("{} records now", person.name));
    Ok(())
}

pub(super) fn lock(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    phone.lock()?;
    printer.say(&json!({ "locked": true }), "locked");
    Ok(())
}

pub(super) fn sign_out(phone: &Notebook, user: &str, printer: &Printer) -> Result<(), Failure> {
    let person = find(phone, user)?;
    phone.sign_out(person.user)?;
    let text = format!("{} is signed out; {} ops of theirs are still to be judged", person.name, person.unsent);
    printer.say(&json!({ "user": person.user, "name": person.name, "unsent": person.unsent }), text);
    Ok(())
}

/// The one person here of this name or id.
fn find(phone: &Notebook, user: &str) -> Result<SignedIn, Failure> {
    let id: Option<EntityId> = user.parse().ok();
    let mut found = phone.people()?;
    found.retain(|person| Some(person.user) == id || person.name == user);
    match (found.pop(), found.is_empty()) {
        (Some(person), true) => Ok(person),
        (Some(_), false) => Err(Failure::new("bad_field", format!("user: {user} is several, name one by id"))),
        (None, _) => Err(Failure::new("not_found", format!("user: nobody called {user} is signed in here"))),
    }
}

/// The PIN from the command line, or one line of standard input.
fn given(pin: Option<String>) -> Result<String, Failure> {
    if let Some(pin) = pin {
        return Ok(pin);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::io("read the PIN", &error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
