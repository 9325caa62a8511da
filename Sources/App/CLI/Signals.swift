import AtollGuestAccess
import AtollPlanning
import Dispatch
import Glibc
import Synchronization

/// Whether a plan or a task run is going on: then an interruption is its business, else the verb is simply ended.
final class Activity: Sendable {
    private let works = Mutex(0)
    private let interrupted = Mutex<ContinuousClock.Instant?>(nil)
    var isBusy: Bool { works.withLock { $0 > 0 } }
    func began() { works.withLock { $0 += 1 } }
    func ended() { works.withLock { $0 -= 1 } }
    func interruptedNow() { interrupted.withLock { $0 = .now } }
    /// Whether the interruption is so young that another signal is still the same one: timeout(1) sends its signal to the process and to
    /// its group, and nobody presses twice that fast.
    var isFreshlyInterrupted: Bool { interrupted.withLock { $0.map { ContinuousClock.now - $0 < .milliseconds(500) } ?? false } }
}

extension Session {
    /// How long a verb that runs no plan may take to end after a signal; what hangs in a C library is left behind then.
    private static let grace = DispatchTimeInterval.seconds(1)

    /// Turns SIGINT, SIGTERM and SIGHUP into a request to stop soon: a running plan finishes or takes back its current steps; outside a plan
    /// the verb is cancelled. A second one ends the process at once, saying so.
    func watchSignals(cancel: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].compactMap { number in
            let before = signal(number, SIG_IGN)
            // What nohup ignores stays ignored. SIG_IGN is the integer 1 in a pointer's clothes, so only its bits can be compared.
            if number == SIGHUP, unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [interruption, activity, console] in
                guard interruption.signal == nil else {
                    if activity.isFreshlyInterrupted { return }
                    GuestAccess.restoreTerminal()
                    console.err("ended at once; run the same command again to go on, or atoll destroy to clean up")
                    _exit(128 + number)
                }
                let isBusy = activity.isBusy
                activity.interruptedNow()
                interruption.request(signal: number)
                if isBusy {
                    return console.err("interrupted: finishing or taking back the current steps; once more ends at once")
                }
                cancel()
                DispatchQueue.global().asyncAfter(deadline: .now() + Self.grace) {
                    // A plan that begins after the signal starts no step; it only says so.
                    guard !activity.isBusy else { return }
                    GuestAccess.restoreTerminal()
                    console.err("error: interrupted")
                    _exit(128 + number)
                }
            }
            source.resume()
            return source
        }
    }
}
