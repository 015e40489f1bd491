//! H.264 on the byte level: NAL units, parameter sets, and the two ways to frame them.
