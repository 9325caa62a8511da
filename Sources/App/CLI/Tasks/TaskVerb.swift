import ArgumentParser
import AtollPlanning
import AtollTaskRuns
import Dispatch
import Glibc

/// A verb that runs tasks. A signal ends the task, fetches what it left and takes its machine away; a second one skips the fetching.
protocol TaskVerb: Verb {
    func execute(_ session: Session, stop: Overlord.Stop) async throws
}

extension TaskVerb {
    var printsEvents: Bool { false }

    func execute(_ session: Session) async throws { try await execute(session, stop: session.taskStop) }
}

extension Session {
    /// Signals as task runs understand them. Once a run has begun they never end the process by themselves: a machine would be left behind.
    func watchTaskSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].compactMap { number in
            let before = signal(number, SIG_IGN)
            // What nohup ignores stays ignored. SIG_IGN is the integer 1 in a pointer's clothes, so only its bits can be compared.
            if number == SIGHUP, unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [taskStop, activity, console] in
                guard activity.isBusy else {
                    console.err("error: interrupted")
                    _exit(128 + number)
                }
                // timeout(1) sends its signal to the process and to its group: that is one.
                if activity.isFreshlyInterrupted { return }
                activity.interruptedNow()
                if taskStop.gently.signal == nil {
                    console.err("interrupted: ending the task, fetching what it left, removing its machine; once more skips the fetching")
                    taskStop.gently.request(signal: number)
                } else if taskStop.atOnce.signal == nil {
                    console.err("interrupted again: removing the machine")
                    taskStop.atOnce.request(signal: number)
                } else {
                    console.err("still removing the machine; if this has to be killed, atoll gc does the rest")
                }
            }
            source.resume()
            return source
        }
    }
}
