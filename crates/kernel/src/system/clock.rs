//! The kernel's clock: the time of day and how long it has been up. Must never take for a clock what does not agree with
//! itself.

use crate::Kernel;
use crate::fields::{Field, Span, words};

const TIMEKEEPER: &str = "struct timekeeper";
/// What stands before the timekeeper in `tk_core`, whose type has no name until 6.13: a sequence counter, with lockdep's map
/// where that is built in.
const FARTHEST: u64 = 128;
/// A hundred years, in seconds.
const LONGEST_UPTIME: i64 = 3_155_760_000;
const NANOSECONDS: f64 = 1e9;

/// What the clock showed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    /// Seconds since 1970 (UTC).
    pub(super) time: i64,
    /// Seconds since boot, suspended time with them.
    pub(super) uptime: f64,
    /// Where it was read.
    pub(super) from: &'static str,
}

/// The timekeeper's members.
struct Shape {
    span: Span,
    seconds: Field,
    nanoseconds: Field,
    shift: Field,
    mult: Field,
    to_monotonic: Field,
    to_monotonic_nanoseconds: Field,
    monotonic_seconds: Option<Field>,
    boot: Option<Field>,
}

/// Reads the clock where the kernel's types tell its shape.
pub(super) fn read(kernel: &Kernel) -> Option<Clock> {
    let shape = Shape::of(kernel)?;
    let data = Field::of(kernel, "struct tk_data", "timekeeper");
    // 6.17, commit "timekeeping: Introduce timekeeper ID" and those that follow: an array, of which the first is the core's.
    if let Some((start, data)) = kernel.symbol("timekeeper_data").zip(data) {
        return shape.read(kernel, start.wrapping_add(data.offset), "timekeeper_data[0].timekeeper");
    }
    // 3.17, commit "timekeeping: Cache optimize struct timekeeper"; named struct tk_data since 6.13.
    if let Some(start) = kernel.symbol("tk_core") {
        let from = "tk_core.timekeeper";
        return match data {
            Some(data) => shape.read(kernel, start.wrapping_add(data.offset), from),
            None => (0..=FARTHEST).step_by(8).find_map(|at| shape.read(kernel, start.wrapping_add(at), from)),
        };
    }
    shape.read(kernel, kernel.symbol("timekeeper")?, "timekeeper")
}

impl Shape {
    fn of(kernel: &Kernel) -> Option<Self> {
        let any = |paths: &[&str]| Field::any(kernel, TIMEKEEPER, paths);
        // 3.17 and 4.1 moved these into struct tk_read_base.
        let mut shape = Self {
            span: Span::over(words(kernel), None),
            seconds: any(&["xtime_sec"])?,
            nanoseconds: any(&["tkr_mono.xtime_nsec", "tkr.xtime_nsec", "xtime_nsec"])?,
            shift: any(&["tkr_mono.shift", "tkr.shift", "shift"])?,
            mult: any(&["tkr_mono.mult", "tkr.mult", "mult"])?,
            to_monotonic: any(&["wall_to_monotonic.tv_sec"])?,
            to_monotonic_nanoseconds: any(&["wall_to_monotonic.tv_nsec"])?,
            monotonic_seconds: any(&["ktime_sec"]),
            boot: any(&["offs_boot"]).filter(|field| field.size == 8),
        };
        let needed = [
            shape.seconds,
            shape.nanoseconds,
            shape.shift,
            shape.mult,
            shape.to_monotonic,
            shape.to_monotonic_nanoseconds,
        ];
        let fields = needed.map(Some).into_iter().chain([shape.monotonic_seconds, shape.boot]);
        shape.span = Span::over(words(kernel), fields);
        Some(shape)
    }

    /// The clock at an address, if it is one: a multiplier and a shift as clocks have them, and seconds that differ by as
    /// much as the kernel says.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds and nanoseconds of a machine's life have less than 53 bits"
    )]
    fn read(&self, kernel: &Kernel, address: u64, from: &'static str) -> Option<Clock> {
        let piece = self.span.read(kernel, address);
        let signed = |field: Field| {
            let number = piece.number(field).ok()?;
            Some(if field.size == 4 {
                i64::from(u32::try_from(number).ok()?.cast_signed())
            } else {
                number.cast_signed()
            })
        };
        let shift = u32::try_from(piece.number(self.shift).ok()?).ok().filter(|shift| (1..=32).contains(shift))?;
        if piece.number(self.mult).ok()? == 0 {
            return None;
        }
        let time = signed(self.seconds)?;
        let up = time.checked_add(signed(self.to_monotonic)?)?;
        let nanoseconds = piece.number(self.nanoseconds).ok()? >> shift;
        let nanoseconds = i64::try_from(nanoseconds).ok()?.checked_add(signed(self.to_monotonic_nanoseconds)?)?;
        if time < 0 || !(0..LONGEST_UPTIME).contains(&up) || !(0..4_000_000_000).contains(&nanoseconds) {
            return None;
        }
        // `tk_update_ktime_data` keeps the monotonic seconds beside the others.
        if let Some(kept) = self.monotonic_seconds
            && !(up - 1..=up + 2).contains(&signed(kept)?)
        {
            return None;
        }
        let suspended = self.boot.and_then(signed).filter(|boot| *boot >= 0).unwrap_or(0);
        let uptime = up as f64 + nanoseconds as f64 / NANOSECONDS + suspended as f64 / NANOSECONDS;
        Some(Clock { time, uptime, from })
    }
}
