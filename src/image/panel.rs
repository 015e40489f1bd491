//! The panel of figures: a translucent pane with names and numbers in fixed columns.

use crate::api::figures::{Figure, Figures};
use crate::font::{Letters, Sheet};
use crate::media::{Overlay, Rect, Size};

/// How much of the picture the pane covers, and its own light.
const PANE: (u8, u8) = (178, 8);
/// Light of what matters, of names, and of what stands between.
const BRIGHT: u8 = 240;
const DIM: u8 = 150;
const MIDDLE: u8 = 205;

/// Everything below is in ems. From line to line, around everything, and between two groups.
const LEADING: f32 = 1.32;
const PAD: f32 = 0.6;
const GAP: f32 = 0.35;
/// The column of numbers: five digits and a point. What has no unit reaches into the column of units.
const VALUE: f32 = 3.4;
/// Between name, number and unit.
const SPACE: f32 = 0.25;
/// The columns of an event's age and of its code.
const AGE: f32 = 3.0;
const CODE: f32 = 3.1;
/// Letters are never smaller.
const SMALLEST: u32 = 9;
/// Sizes of letters that are kept.
const KEPT: usize = 8;

/// The letters of every size in use.
#[derive(Debug, Default)]
pub struct Pens {
    pens: Vec<Letters>,
}

impl Pens {
    fn of(&mut self, px: u32) -> Option<&mut Letters> {
        if let Some(place) = self.pens.iter().position(|pen| pen.px() == px) {
            return self.pens.get_mut(place);
        }
        if self.pens.len() == KEPT {
            self.pens.remove(0);
        }
        self.pens.push(Letters::new(px));
        self.pens.last_mut()
    }
}

/// Where numbers and units end, in pixels from where their names begin.
struct Columns {
    value: f32,
    unit: f32,
    /// From one pair of name and number to the other.
    step: f32,
}

/// Draws `figures` into the upper left corner of `area`, in letters of at most `px` pixels; smaller where there is less
/// room, and what has no room even then is left out from below. `None` where nothing of it has.
pub fn draw_panel(pens: &mut Pens, figures: &Figures, area: Rect, px: u32) -> Option<Overlay> {
    let largest = px.max(SMALLEST);
    let fits = |px: &u32| {
        let (columns, em) = (Columns::of(figures, &Letters::new(*px)), *px as f32);
        columns.width(em) + em <= area.width as f32 && height(figures, em) + em <= area.height as f32
    };
    let px = (SMALLEST..=largest).rev().find(fits).unwrap_or(SMALLEST);
    let (pen, em) = (pens.of(px)?, px as f32);
    let columns = Columns::of(figures, pen);
    let margin = (em / 2.0) as u32 & !1;
    let side = |wanted: f32, room: u32| (wanted.ceil() as u32).min(room.saturating_sub(2 * margin)) & !1;
    let (width, height) = (side(columns.width(em), area.width), side(height(figures, em), area.height));
    if width < 8 * px || (height as f32) < em * (2.0 * PAD + LEADING) {
        return None;
    }
    let rect = Rect { x: area.x + margin, y: area.y + margin, width, height };
    let mut page = Page { overlay: Overlay::pane(rect, PANE.0, PANE.1), pen, em, y: em * PAD };
    page.write(figures, &columns);
    Some(page.overlay)
}

/// The height that everything takes.
fn height(figures: &Figures, em: f32) -> f32 {
    let pairs = |count: usize| count.div_ceil(2);
    let rows = 3 + pairs(figures.net.len()) + pairs(figures.latency.len()) + figures.events.len();
    let gaps = if figures.events.is_empty() { 1.0 } else { 2.0 };
    (rows as f32 * LEADING + gaps * GAP + 2.0 * PAD) * em
}

impl Columns {
    fn of(figures: &Figures, pen: &Letters) -> Self {
        let em = pen.px() as f32;
        let all = || figures.net.iter().chain(&figures.latency);
        let widest = |part: &dyn Fn(&Figure) -> &'static str| all().map(|it| pen.width(part(it))).fold(0.0, f32::max);
        let (name, unit) = (widest(&|it| it.name), widest(&|it| it.unit));
        let value = name + (SPACE + VALUE) * em;
        let unit = value + SPACE * em + unit;
        Self { value, unit, step: unit + 2.0 * PAD * em }
    }

    fn width(&self, em: f32) -> f32 {
        self.step + self.unit + 2.0 * PAD * em
    }
}

/// A panel that is being written.
struct Page<'a> {
    overlay: Overlay,
    pen: &'a mut Letters,
    em: f32,
    /// Where the next line begins.
    y: f32,
}

impl Page<'_> {
    fn write(&mut self, figures: &Figures, columns: &Columns) {
        let left = self.em * PAD;
        self.line(&[(left, &figures.title, BRIGHT)]);
        self.line(&[(left, &figures.server, DIM)]);
        self.pairs(&figures.net, columns);
        self.y += self.em * GAP;
        self.line(&[(left, "latency, ms", DIM)]);
        self.pairs(&figures.latency, columns);
        self.y += self.em * GAP;
        for event in &figures.events {
            let code = event.code.to_string().replace('-', "−");
            let age = left + self.em * AGE - self.pen.width(&event.age);
            let number = left + self.em * (AGE + CODE) - self.pen.width(&code);
            let name = left + self.em * (AGE + CODE + 2.0 * SPACE);
            let light = if event.code < 0 { BRIGHT } else { MIDDLE };
            self.line(&[(age, &event.age, DIM), (number, &code, light), (name, event.name, light)]);
        }
    }

    /// Two to a line, in reading order.
    fn pairs(&mut self, figures: &[Figure], columns: &Columns) {
        for pair in figures.chunks(2) {
            let mut texts = Vec::with_capacity(6);
            for (number, figure) in pair.iter().enumerate() {
                let left = self.em * PAD + columns.step * number as f32;
                let right = if figure.unit.is_empty() { columns.unit } else { columns.value };
                texts.push((left, figure.name, DIM));
                texts.push((left + right - self.pen.width(&figure.value), figure.value.as_str(), BRIGHT));
                texts.push((left + columns.value + SPACE * self.em, figure.unit, DIM));
            }
            self.line(&texts);
        }
    }

    /// Writes a line, if there is room for all its height.
    fn line(&mut self, texts: &[(f32, &str, u8)]) {
        let (rect, stands) = (self.overlay.rect, (self.y + self.em) as i32);
        self.y += self.em * LEADING;
        if self.y > rect.height as f32 - self.em * (PAD - 0.3) {
            return;
        }
        // Nothing is written on the margin to the right.
        let size = Size::new(rect.width.saturating_sub((self.em * PAD / 2.0) as u32), rect.height);
        let stride = rect.width as usize;
        for (x, text, light) in texts {
            let place = (*x, stands);
            self.pen.write(text, place, &mut Sheet { samples: &mut self.overlay.light, stride, size }, *light);
            self.pen.write(text, place, &mut Sheet { samples: &mut self.overlay.cover, stride, size }, u8::MAX);
        }
    }
}

#[cfg(test)]
mod tests;
