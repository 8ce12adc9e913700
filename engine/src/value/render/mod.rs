//! Values as their author would write them: what `{:?}` prints, read from memory by debug info.
//!
//! Nothing here may be believed of what is read: lengths, pointers and discriminants are bounded by
//! [`ValueLimits`], and what cannot be read says so in its place. The types of std that are more than
//! their fields have a file each in `std_types`; all others are shown by their structure.

mod limits;
mod scalar;
mod secret;
mod std_types;
mod structure;

pub use limits::{References, Structures, ValueLimits};
pub use secret::is_secret;

use super::place::{Place, Pointee};
use crate::address::Address;
use crate::symbols::{Kind, TypeId};

/// What stands for a part that is left out.
const LEFT_OUT: &str = "..";

/// What stands for what a reference leads to that is not followed.
pub const NOT_FOLLOWED: &str = "&..";

/// The value at `place`, on one line.
pub fn render(place: &Place<'_>, limits: &ValueLimits) -> String {
    let mut renderer = Renderer {
        out: String::new(),
        limits,
        depth: 0,
        inside: Vec::new(),
        is_brief: false,
        is_full: false,
    };
    renderer.value(place);
    renderer.out
}

/// One value on its way to becoming text.
struct Renderer<'limits> {
    out: String,
    limits: &'limits ValueLimits,
    depth: usize,
    /// What is behind the pointers that were followed to get here.
    inside: Vec<(Address, TypeId)>,
    /// Whether this is a part of something of which only the own fields are shown.
    is_brief: bool,
    /// Whether there is no more room.
    is_full: bool,
}

impl Renderer<'_> {
    /// Adds text, as far as there is room.
    fn push(&mut self, text: &str) {
        if self.is_full {
            return;
        }
        let left = self.limits.output.saturating_sub(self.out.len());
        if text.len() <= left {
            self.out.push_str(text);
            return;
        }
        let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= left).last();
        self.out.push_str(text.get(..cut.unwrap_or(0)).unwrap_or_default());
        self.out.push_str(LEFT_OUT);
        self.is_full = true;
    }

    /// Adds a value.
    fn value(&mut self, place: &Place<'_>) {
        if self.is_full {
            return;
        }
        if self.depth >= self.limits.depth {
            self.push(LEFT_OUT);
            return;
        }
        self.depth += 1;
        let begun = self.out.len();
        let known = std_types::of(&place.type_).map(|render| render(self, place));
        if known == Some(None) {
            // Something in it is not as expected: its structure is still there.
            self.out.truncate(begun);
            self.is_full = false;
        }
        if known != Some(Some(())) && self.by_kind(place).is_none() {
            self.out.truncate(begun);
            self.unreadable(place.address);
        }
        self.depth -= 1;
    }

    /// Says that something cannot be read.
    fn unreadable(&mut self, address: Address) {
        self.push(&format!("<unreadable {address}>"));
    }

    fn by_kind(&mut self, place: &Place<'_>) -> Option<()> {
        match &place.type_.kind {
            Kind::Base { encoding } => self.base(place, *encoding),
            Kind::Plain { enumerators } => self.plain(place, enumerators),
            Kind::Struct { .. } => self.structure(place),
            Kind::Enum { .. } => self.enumeration(place),
            Kind::Pointer { target } => self.pointer(place, *target),
            Kind::Array { element, count } => {
                let (element, count) = (*element, *count);
                self.sequence(place, place.address, element, count, ["[", "]"])
            }
            Kind::Union { .. } => {
                self.push("<uninit?>");
                Some(())
            }
            Kind::Function | Kind::Opaque => {
                self.push(LEFT_OUT);
                Some(())
            }
        }
    }

    /// A reference or a box is what it leads to; a raw pointer is an address.
    fn pointer(&mut self, place: &Place<'_>, target: Option<TypeId>) -> Option<()> {
        let address = place.program.read_address(place.address).ok()?;
        let name = &place.type_.own_name;
        if name.starts_with('&') && !self.may_follow(place, address) {
            self.push(NOT_FOLLOWED);
            return Some(());
        }
        let is_followed = name.starts_with('&') || name.starts_with("alloc::boxed::Box<");
        let target = target.and_then(|target| place.at(address, target));
        match target {
            Some(target) if matches!(target.type_.kind, Kind::Function) => {
                self.function(place, address);
                Some(())
            }
            Some(target) if is_followed || name.starts_with("Box<") => self.behind(&target),
            _ => {
                self.push(&address.to_string());
                Some(())
            }
        }
    }

    /// Whether what a reference leads to is surely there.
    fn may_follow(&self, reference: &Place<'_>, address: Address) -> bool {
        match self.limits.references {
            References::All => true,
            References::Static => reference.program.image_at(address).is_some(),
        }
    }

    /// What a pointer leads to, unless that leads back.
    fn behind(&mut self, target: &Place<'_>) -> Option<()> {
        let key = (target.address, target.type_.id);
        if self.inside.contains(&key) {
            self.push(LEFT_OUT);
            return Some(());
        }
        self.inside.push(key);
        self.value(target);
        self.inside.pop();
        Some(())
    }

    /// What a trait object leads to.
    fn dynamic(&mut self, place: &Place<'_>) -> Option<()> {
        let is_reference = place.type_.own_name.starts_with('&');
        match place.pointee()? {
            Pointee::Thin(target) | Pointee::Dynamic(target)
                if is_reference && !self.may_follow(place, target.address) =>
            {
                self.push(NOT_FOLLOWED);
                Some(())
            }
            Pointee::Thin(target) | Pointee::Dynamic(target) => self.behind(&target),
            Pointee::UnknownDynamic(vtable) => {
                self.push(&format!("<vtable {vtable}>"));
                Some(())
            }
        }
    }

    /// The name of the function at an address. A value that stands for one certain function has no
    /// bytes, which debug info does not tell: what lies there is then no function's address.
    fn function(&mut self, place: &Place<'_>, address: Address) {
        let found = place
            .program
            .image_at(address)
            .and_then(|(image, at)| place.program.object(image)?.functions_at(at).pop());
        match found {
            Some(function) => self.push(&function.name),
            None => self.push("<fn>"),
        }
    }

    /// Elements that lie one behind the other.
    fn sequence(
        &mut self,
        place: &Place<'_>,
        start: Address,
        element: TypeId,
        count: u64,
        brackets: [&str; 2],
    ) -> Option<()> {
        let size = place.cast(element)?.type_.size;
        let elements =
            (0..count).map(|index| place.at(start.offset(index.wrapping_mul(size)), element));
        self.list(elements, count, brackets)
    }

    /// Elements, wherever each lies, of which there are said to be so many.
    fn list<'program>(
        &mut self,
        elements: impl Iterator<Item = Option<Place<'program>>>,
        count: u64,
        [open, close]: [&str; 2],
    ) -> Option<()> {
        let most = self.limits.elements;
        self.push(open);
        for (index, element) in elements.take(most).enumerate() {
            if self.is_full {
                break;
            }
            if index > 0 {
                self.push(", ");
            }
            self.value(&element?);
        }
        if count > most as u64 {
            self.push(&format!(", .. {} more", count - most as u64));
        }
        self.push(close);
        Some(())
    }

    /// The bytes at `start` as a string literal.
    fn text(&mut self, place: &Place<'_>, start: Address, length: u64) -> Option<()> {
        let most = self.limits.text as u64;
        let mut bytes = vec![0; usize::try_from(length.min(most)).ok()?];
        if !bytes.is_empty() {
            place.program.read(start, &mut bytes).ok()?;
        }
        let text = String::from_utf8_lossy(&bytes);
        // A letter may have been cut in two.
        let text = if length > most { text.trim_end_matches('\u{fffd}') } else { &text };
        self.push(&format!("{text:?}"));
        if length > most {
            self.push(LEFT_OUT);
        }
        Some(())
    }
}
