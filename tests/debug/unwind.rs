//! Panics and backtraces that pass frames of functions that were compiled at run time.

use crate::support;
use std::{
    backtrace::Backtrace,
    cell::RefCell,
    hint::black_box,
    panic::{catch_unwind, panic_any},
    thread,
};
use support::{Call, Callback, Frame, native};
use tailfirst::{Marks, debug::UnwindRegistration, exec::Arena, unwind::Unwind};

fn register(call: &Call) -> UnwindRegistration {
    // SAFETY: the section describes this function's code, which outlives the registration in each test.
    unsafe { UnwindRegistration::new(&call.eh_frame) }
}

extern "C-unwind" fn twice(n: u64) -> u64 {
    2 * n
}

extern "C-unwind" fn panics(n: u64) -> u64 {
    panic_any(n)
}

thread_local! {
    static BACKTRACE: RefCell<String> = const { RefCell::new(String::new()) };
}

extern "C-unwind" fn takes_a_backtrace(n: u64) -> u64 {
    BACKTRACE.set(Backtrace::force_capture().to_string());
    n
}

/// Has values in all the registers that it may expect to find again.
#[inline(never)]
fn catches(call: &Call, n: u64) -> (u64, u64) {
    let values: [u64; 12] = std::array::from_fn(|i| black_box(n.rotate_left(i as u32)));
    let [a, b, c, d, e, f, g, h, i, j, k, l] = values;
    let caught = catch_unwind(|| call.call(panics, n)).expect_err("it panics");
    let sum = [a, b, c, d, e, f, g, h, i, j, k, l].iter().fold(0u64, |sum, value| sum.wrapping_add(*value));
    (*caught.downcast::<u64>().expect("the panic's own payload"), sum)
}

#[test]
fn panics_pass_and_registers_are_restored() {
    for frame in [Frame::Pointer, Frame::NoPointer] {
        let call = Call::new(frame);
        let registration = register(&call);
        assert_eq!(call.call(twice, 20), 41);
        for n in [0, 1, 0x0123_4567_89AB_CDEF_u64] {
            let sum = (0..12).fold(0u64, |sum, i| sum.wrapping_add(n.rotate_left(i)));
            assert_eq!(catches(&call, n), (n, sum), "{frame:?}");
        }
        drop(registration);
        assert_eq!(call.call(twice, 20), 41);
    }
}

#[test]
fn panics_pass_functions_of_an_arena() {
    type Call = unsafe extern "C-unwind" fn(Callback, u64) -> u64;
    #[cfg(target_arch = "x86_64")]
    type SysV = unsafe extern "sysv64-unwind" fn(Callback, u64) -> u64;
    #[cfg(target_arch = "aarch64")]
    type SysV = Call;

    let arena = Arena::builder().build().unwrap();
    let mut region = arena.region(4096).unwrap();
    let place = region.place();
    let mut enc = native::Encoder::in_slice(region.bytes_mut());
    let (mut marks, mut unwind) = (Marks::new(), Unwind::new());
    native::call(&mut enc, &mut marks, &mut unwind, Frame::NoPointer);
    let mut code = enc.finish().unwrap();
    let rules = unwind.table(&code).unwrap();
    let placed = place.link(&mut code, |_| None).unwrap();
    let code = region.publish(placed).unwrap();
    let section = rules.eh_frame(code.address());
    // SAFETY: the section describes that code, which is dropped after the registration.
    let _registration = unsafe { UnwindRegistration::new(&section) };

    let c = code.function::<Call>(0).unwrap();
    let sysv = code.function::<SysV>(0).unwrap();
    // SAFETY: such a function was emitted there, for either convention, which are one on this system; its rules are
    // known to the unwinder.
    let calls: [&dyn Fn(Callback) -> u64; 2] = unsafe { [&|callback| c(callback, 20), &|callback| sysv(callback, 20)] };
    for call in calls {
        assert_eq!(call(twice), 41);
        let caught = catch_unwind(std::panic::AssertUnwindSafe(|| call(panics))).expect_err("it panics");
        assert_eq!(*caught.downcast::<u64>().unwrap(), 20);
    }
}

#[inline(never)]
fn the_caller_of_the_function(call: &Call) -> u64 {
    black_box(call.call(takes_a_backtrace, black_box(3)))
}

fn backtrace(call: &Call) -> String {
    assert_eq!(the_caller_of_the_function(call), 4);
    BACKTRACE.take()
}

#[test]
fn backtraces_go_on_behind_the_function() {
    for frame in [Frame::Pointer, Frame::NoPointer] {
        let call = Call::new(frame);
        let before = backtrace(&call);
        assert!(before.contains("takes_a_backtrace") && !before.contains("the_caller_of_the_function"), "{before}");
        let registration = register(&call);
        let with = backtrace(&call);
        assert!(with.contains("takes_a_backtrace") && with.contains("the_caller_of_the_function"), "{with}");
        drop(registration);
        let after = backtrace(&call);
        assert!(after.contains("takes_a_backtrace") && !after.contains("the_caller_of_the_function"), "{after}");
    }
}

/// Functions and registrations that go in another order than they came.
#[test]
fn registrations_end_in_any_order() {
    let calls: Vec<Call> = (0..8).map(|_| Call::new(Frame::NoPointer)).collect();
    let mut registrations: Vec<_> = calls.iter().map(|call| Some(register(call))).collect();
    for ending in [3, 0, 7, 5, 1, 2, 6, 4] {
        registrations[ending] = None;
        for (call, registration) in calls.iter().zip(&registrations) {
            let passes = backtrace(call).contains("the_caller_of_the_function");
            assert_eq!(passes, registration.is_some());
        }
    }
}

#[test]
fn threads_register_and_panic_at_once() {
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let call = Call::new(if round % 2 == 0 { Frame::Pointer } else { Frame::NoPointer });
                    let _registration = register(&call);
                    let n = 1000 * thread + round;
                    assert_eq!(catches(&call, n).0, n);
                }
            });
        }
    });
}
