//! Every event code in one table.

/// A kind of event: its number on the wire (0: it has only a name), its name, whether the terminal goes on trying by itself,
/// and what it means to a person.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    pub number: i32,
    pub name: &'static str,
    pub retriable: bool,
    pub words: &'static str,
}

macro_rules! codes {
    ($($name:ident $(as $spelt:literal)? = $number:literal, $retriable:literal, $words:literal;)*) => {
        $(#[doc = $words] pub const $name: &Code = &Code {
            number: $number,
            name: codes!(@name $name $($spelt)?),
            retriable: $retriable,
            words: $words,
        };)*
        /// The whole table, in order of declaration.
        pub const ALL: &[&Code] = &[$($name),*];
    };
    (@name $name:ident) => { stringify!($name) };
    (@name $name:ident $spelt:literal) => { $spelt };
}

codes! {
    PUSH_EVT_CONNECT_SUCC = 1001, false, "connected to the server";
    PUSH_EVT_PUSH_BEGIN = 1002, false, "publishing";
    PUSH_EVT_OPEN_CAMERA_SUCC = 1003, false, "the camera delivers pictures";
    PUSH_EVT_CHANGE_RESOLUTION = 1005, false, "the picture sent has another size";
    PUSH_EVT_CHANGE_BITRATE = 1006, false, "the target bit rate changed";
    PUSH_EVT_FIRST_FRAME_AVAILABLE = 1007, false, "first picture captured";
    PUSH_EVT_CAMERA_REMOVED = 1009, true, "the camera went away";
    PUSH_EVT_CAMERA_AVAILABLE = 1010, false, "the camera is back";
    PUSH_EVT_SNAPSHOT_RESULT = 1012, false, "a snapshot was taken, or failed";
    PUSH_ERR_OPEN_CAMERA_FAIL = -1301, true, "the camera can not be opened";
    PUSH_ERR_OPEN_MIC_FAIL = -1302, true, "the microphone can not be opened";
    PUSH_ERR_VIDEO_ENCODE_FAIL = -1303, true, "the picture can not be encoded";
    PUSH_ERR_AUDIO_ENCODE_FAIL = -1304, true, "the sound can not be encoded";
    PUSH_ERR_UNSUPPORTED_RESOLUTION = -1305, true, "the camera has no usable picture size";
    PUSH_ERR_UNSUPPORTED_SAMPLERATE = -1306, true, "the microphone has no usable sampling rate";
    PUSH_ERR_NET_DISCONNECT = -1307, true, "disconnected, three reconnects failed";
    PUSH_WARNING_NET_BUSY = 1101, true, "the network is too slow for the picture";
    PUSH_WARNING_RECONNECT = 1102, true, "connection lost, trying again";
    PUSH_WARNING_HW_ACCELERATION_FAIL = 1103, true, "the hardware encoder failed, software goes on";
    PUSH_WARNING_SWITCH_SWENC = 1107, true, "another encoder took over";
    PUSH_WARNING_DNS_FAIL = 3001, true, "the server's name can not be resolved";
    PUSH_WARNING_SEVER_CONN_FAIL = 3002, true, "the server can not be reached";
    PUSH_WARNING_SHAKE_FAIL = 3003, true, "the handshake with the server failed";
    PUSH_WARNING_SERVER_DISCONNECT = 3004, true, "refused or closed by the server";
    PUSH_WARNING_READ_WRITE_FAIL = 3005, true, "the link to the server broke";
    PUSH_WARNING_HANDUP_STOP = 5000, false, "suspended";
    PLAY_EVT_CONNECT_SUCC = 2001, false, "connected to the server";
    PLAY_EVT_RTMP_STREAM_BEGIN = 2002, false, "the server sends the stream";
    PLAY_EVT_RCV_FIRST_I_FRAME = 2003, false, "first picture received";
    PLAY_EVT_PLAY_BEGIN = 2004, false, "playing";
    PLAY_EVT_PLAY_END = 2006, false, "the stream ended";
    PLAY_EVT_PLAY_LOADING = 2007, true, "waiting for data";
    PLAY_EVT_START_VIDEO_DECODER = 2008, false, "the picture decoder started";
    PLAY_EVT_CHANGE_RESOLUTION = 2009, false, "the picture received has another size";
    PLAY_ERR_NET_DISCONNECT = -2301, true, "disconnected, three reconnects failed";
    PLAY_ERR_HEVC_DECODE_FAIL = -2304, false, "the picture is in a codec that can not be played";
    PLAY_WARNING_VIDEO_DECODE_FAIL = 2101, true, "a picture could not be decoded";
    PLAY_WARNING_AUDIO_DECODE_FAIL = 2102, true, "sound could not be decoded";
    PLAY_WARNING_RECONNECT = 2103, true, "connection lost, trying again";
    PLAY_WARNING_RECV_DATA_LAG = 2104, true, "the stream arrives unevenly";
    PLAY_WARNING_VIDEO_PLAY_LAG = 2105, true, "the picture stutters";
    PLAY_WARNING_HW_ACCELERATION_FAIL = 2106, true, "the hardware decoder failed, software goes on";
    PLAY_WARNING_VIDEO_DISCONTINUITY = 2107, true, "the stream's time jumped or pictures are missing";
    PLAY_WARNING_DNS_FAIL = 3001, true, "the server's name can not be resolved";
    PLAY_WARNING_SEVER_CONN_FAIL = 3002, true, "the server can not be reached";
    PLAY_WARNING_SHAKE_FAIL = 3003, true, "the handshake with the server failed";
    FULL_SCREEN_CHANGE as "fullscreenchange" = 0, false, "full screen begins or ends";
    ENTER_PICTURE_IN_PICTURE as "enterpictureinpicture" = 0, false, "the player became a small picture";
    LEAVE_PICTURE_IN_PICTURE as "leavepictureinpicture" = 0, false, "the player is a small picture no longer";
}
