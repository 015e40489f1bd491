//! One connector driven: modes set, pictures flipped, atomically where the driver can, and all of it undone.

use super::card::Card;
use super::planes::{Kind, Plane, Way, topmost, ways};
use super::props::Props;
use crate::media::{Rect, Size, Time};
use drm::control::atomic::AtomicModeReq;
use drm::control::{
    AtomicCommitFlags, Device as _, Event, Mode, PageFlipFlags, connector, crtc, framebuffer, plane, property,
};
use drm::{ClientCapability, Device as _};
use std::io;
use std::rc::Rc;

/// A buffer on a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// `None`: the one plane of a driver that knows no others.
    pub plane: Option<plane::Handle>,
    pub framebuffer: framebuffer::Handle,
    /// What of the buffer is seen, and where on the screen.
    pub crop: Rect,
    pub placed: Rect,
    /// It holds luma and chroma, in BT.601 and limited range.
    pub yuv: bool,
}

/// See the module's head. Dropping it brings back what was on the screen before.
pub struct Output {
    card: Rc<Card>,
    connector: connector::Handle,
    crtc: crtc::Handle,
    /// The plane every screen has.
    pub primary: Option<plane::Handle>,
    mode: Mode,
    atomic: Option<Atomic>,
    /// The mode is set.
    lit: bool,
    /// What the CRTC did when it was opened.
    before: crtc::Info,
}

/// What the atomic interface needs to know.
struct Atomic {
    connector: Props,
    crtc: Props,
    planes: Vec<(plane::Handle, Props)>,
    kinds: Vec<Plane>,
    /// The mode as the driver keeps it.
    mode: Option<u64>,
    /// Planes that show something.
    used: Vec<plane::Handle>,
}

impl Output {
    /// Takes a connector of a card this process is master of. Nothing is changed before the first picture.
    pub fn open(card: Rc<Card>, connector: &connector::Info, mode: Mode) -> io::Result<Self> {
        let resources = card.resource_handles()?;
        let encoders = connector.encoders().iter().filter_map(|handle| card.get_encoder(*handle).ok());
        let current = connector.current_encoder().and_then(|handle| card.get_encoder(handle).ok()?.crtc());
        let possible = |info: drm::control::encoder::Info| resources.filter_crtcs(info.possible_crtcs());
        let crtc = current.or_else(|| encoders.flat_map(possible).next());
        let crtc = crtc.ok_or_else(|| io::Error::other("no part of the card can drive this connector"))?;
        let before = card.get_crtc(crtc)?;
        let atomic = card.set_client_capability(ClientCapability::Atomic, true).is_ok();
        let mut this = Self {
            connector: connector.handle(),
            crtc,
            primary: None,
            mode,
            atomic: None,
            lit: false,
            before,
            card: card.clone(),
        };
        if atomic {
            let planes = card.plane_handles()?.into_iter().filter_map(|handle| card.get_plane(handle).ok());
            let ours = planes.filter(|info| resources.filter_crtcs(info.possible_crtcs()).contains(&crtc));
            let ours: Vec<plane::Info> = ours.collect();
            let used = ours.iter().filter(|info| info.crtc() == Some(crtc)).map(plane::Info::handle).collect();
            let (mut planes, mut kinds) = (Vec::new(), Vec::new());
            for info in &ours {
                let props = Props::of(&card, info.handle())?;
                // DRM_PLANE_TYPE_* (include/drm/drm_plane.h).
                let kind = match props.value("type") {
                    Some(1) => Kind::Primary,
                    Some(2) => Kind::Cursor,
                    _ => Kind::Overlay,
                };
                kinds.push(Plane { kind, formats: info.formats().to_vec(), height: props.value("zpos") });
                planes.push((info.handle(), props));
            }
            let primary = kinds.iter().position(|plane| plane.kind == Kind::Primary);
            this.primary = primary.and_then(|index| planes.get(index)).map(|(handle, _)| *handle);
            let (connector, crtc) = (Props::of(&card, connector.handle())?, Props::of(&card, crtc)?);
            this.atomic = this.primary.map(|_| Atomic { connector, crtc, planes, kinds, mode: None, used });
        }
        Ok(this)
    }

    /// Uses another mode from the next picture on.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        self.lit = false;
        self.forget_mode();
    }

    /// Whether pictures are flipped with all their planes at once.
    pub fn atomic(&self) -> bool {
        self.atomic.is_some()
    }

    /// Ways to show a picture as it was decoded, the best first, each with its plane.
    pub fn ways(&self) -> Vec<(Way, plane::Handle)> {
        let Some(atomic) = &self.atomic else { return Vec::new() };
        let handle = |way: Way| Some((way, atomic.planes.get(way.plane)?.0));
        ways(&atomic.kinds).into_iter().filter_map(handle).collect()
    }

    /// The plane for what lies over a picture on the plane `below`.
    pub fn over(&self, below: plane::Handle) -> Option<plane::Handle> {
        let atomic = self.atomic.as_ref()?;
        let below = atomic.planes.iter().position(|(handle, _)| *handle == below)?;
        topmost(&atomic.kinds, below).and_then(|index| atomic.planes.get(index)).map(|(handle, _)| *handle)
    }

    /// Shows these layers, the lowest first. True: [`Output::events`] will say when; false: it is seen already.
    pub fn show(&mut self, layers: &[Layer]) -> io::Result<bool> {
        let first = !self.lit;
        if self.atomic.is_some() {
            let request = self.request(layers, first)?;
            let modeset = AtomicCommitFlags::ALLOW_MODESET;
            let flip = AtomicCommitFlags::PAGE_FLIP_EVENT | AtomicCommitFlags::NONBLOCK;
            self.card.atomic_commit(if first { modeset } else { flip }, request)?;
            if let Some(atomic) = &mut self.atomic {
                atomic.used = layers.iter().filter_map(|layer| layer.plane).collect();
            }
        } else if let Some(layer) = layers.first() {
            if first {
                self.card.set_crtc(self.crtc, Some(layer.framebuffer), (0, 0), &[self.connector], Some(self.mode))?;
                // Drivers that copy what is drawn have to be told; the others do not know the call.
                let _ = self.card.dirty_framebuffer(layer.framebuffer, &[]);
            } else {
                self.card.page_flip(self.crtc, layer.framebuffer, PageFlipFlags::EVENT, None)?;
            }
        }
        self.lit = true;
        Ok(!first)
    }

    /// Whether the driver could show these layers in this mode.
    pub fn can_show(&mut self, layers: &[Layer]) -> bool {
        if self.atomic.is_none() {
            return false;
        }
        let flags = AtomicCommitFlags::TEST_ONLY | AtomicCommitFlags::ALLOW_MODESET;
        self.request(layers, true).and_then(|request| self.card.atomic_commit(flags, request)).is_ok()
    }

    /// Reads what the driver has to say, without waiting: the last picture seen, with its time and count.
    pub fn events(&self) -> io::Result<Option<(Time, u32)>> {
        let events = match self.card.receive_events() {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Ok(None);
            }
            events => events?,
        };
        let seen = events.filter_map(|event| match event {
            Event::PageFlip(flip) if flip.crtc == self.crtc => {
                let micros = i64::try_from(flip.duration.as_micros()).unwrap_or(0);
                Some((Time::from_micros(micros), flip.frame))
            }
            _ => None,
        });
        Ok(seen.last())
    }

    fn request(&mut self, layers: &[Layer], modeset: bool) -> io::Result<AtomicModeReq> {
        let mut request = AtomicModeReq::new();
        let Some(atomic) = &mut self.atomic else { return Ok(request) };
        let mut set = |props: &Props, name: &str, value: u64| {
            let object = props.object;
            props
                .handle(name)
                .map(|handle| request.add_raw_property(object, handle, value))
                .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, format!("the driver has no property {name}")))
        };
        let crtc = u64::from(u32::from(self.crtc));
        if modeset {
            let mode = match atomic.mode {
                Some(mode) => mode,
                None => *atomic.mode.insert(property::RawValue::from(self.card.create_property_blob(&self.mode)?)),
            };
            set(&atomic.connector, "CRTC_ID", crtc)?;
            set(&atomic.crtc, "MODE_ID", mode)?;
            set(&atomic.crtc, "ACTIVE", 1)?;
        }
        for (handle, props) in &atomic.planes {
            let Some(layer) = layers.iter().find(|layer| layer.plane == Some(*handle)) else {
                if atomic.used.contains(handle) {
                    set(props, "FB_ID", 0)?;
                    set(props, "CRTC_ID", 0)?;
                }
                continue;
            };
            set(props, "FB_ID", u32::from(layer.framebuffer).into())?;
            set(props, "CRTC_ID", crtc)?;
            if layer.yuv {
                // A driver without these properties has one way only.
                for (name, value) in [("COLOR_ENCODING", BT601), ("COLOR_RANGE", LIMITED)] {
                    props.choice(name, value).map_or(Ok(()), |value| set(props, name, value))?;
                }
            }
            // Source coordinates are 16.16 fixed point (drm_mode_atomic, include/uapi/drm/drm_mode.h).
            for (name, value) in names(["SRC_X", "SRC_Y", "SRC_W", "SRC_H"], layer.crop) {
                set(props, name, u64::from(value) << 16)?;
            }
            for (name, value) in names(["CRTC_X", "CRTC_Y", "CRTC_W", "CRTC_H"], layer.placed) {
                set(props, name, value.into())?;
            }
        }
        Ok(request)
    }

    fn forget_mode(&mut self) {
        if let Some(blob) = self.atomic.as_mut().and_then(|atomic| atomic.mode.take()) {
            let _ = self.card.destroy_property_blob(blob);
        }
    }
}

/// Names of drm_plane_create_color_properties (drivers/gpu/drm/drm_color_mgmt.c).
const BT601: &str = "ITU-R BT.601 YCbCr";
const LIMITED: &str = "YCbCr limited range";

fn names(names: [&'static str; 4], rect: Rect) -> impl Iterator<Item = (&'static str, u32)> {
    names.into_iter().zip([rect.x, rect.y, rect.width, rect.height])
}

/// The whole of a picture of `size`.
pub const fn whole(size: Size) -> Rect {
    Rect { x: 0, y: 0, width: size.width, height: size.height }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.lit {
            let before = &self.before;
            let console = before.mode().zip(before.framebuffer());
            // Where nothing was, or a picture that is gone meanwhile, the screen goes dark; a screen that was pulled
            // out or taken over by another program is left as it is.
            let restored = console.is_some_and(|(mode, picture)| {
                let connectors = [self.connector];
                self.card.set_crtc(self.crtc, Some(picture), before.position(), &connectors, Some(mode)).is_ok()
            });
            if !restored {
                let _ = self.card.set_crtc(self.crtc, None, (0, 0), &[], None);
            }
        }
        self.forget_mode();
    }
}
