//! Beauty and whiteness between scaler and encoder, as far as the processor can afford them.

use super::budget::{Budget, Spent};
use crate::api::notice::Notice;
use crate::api::plan::Looks;
use crate::device::clock;
use crate::flow::Notices;
use crate::image::beauty::Beautifier;
use crate::media::{PictureView, Span};

/// The engine, its budget, and what was told of it.
#[derive(Default)]
pub struct TouchUp {
    beautifier: Beautifier,
    budget: Budget,
    /// What the last picture cost.
    took: Span,
    /// What was wanted and what of it was in effect when it was last told.
    told: Option<(Looks, Looks)>,
}

impl TouchUp {
    /// The picture with as much of `wanted` as can be afforded; a change of that is told.
    pub fn apply<'a>(&'a mut self, view: PictureView<'a>, wanted: Looks, notices: &Notices) -> PictureView<'a> {
        let in_effect = self.budget.allowed(wanted);
        if self.told.unwrap_or_default() != (wanted, in_effect) {
            self.told = Some((wanted, in_effect));
            notices(Notice::Looks { wanted, in_effect });
        }
        self.took = Span::ZERO;
        if in_effect == Looks::PLAIN {
            return view;
        }
        let begun = clock::now();
        let view = self.beautifier.apply(view, in_effect);
        self.took = clock::now() - begun;
        view
    }

    /// A camera's picture is encoded that took `all` this time, in which `overtaken` raw pictures were replaced unread.
    pub fn done(&mut self, all: Span, overtaken: u64) {
        self.budget.note(Spent { all, looks: self.took, overtaken }, clock::now());
    }
}
