import AtollCommands
import AtollPlatform
import Foundation
import Glibc

/// The processes of one build. A cancelled mmdebstrap is killed at once, and what it had started works on; every one of them
/// still carries the stage's random directory in its environment, which is how they are told from anybody else's.
struct ImageBuildProcesses {
    /// `NAME=VALUE` that every process of the build has in its environment.
    let mark: String

    init(stage directory: String) { mark = "ATOLL_STAGE=\(directory)" }

    /// Ends them: asks first, so that mmdebstrap takes its mounts away, and insists after `patience` seconds. Blocks.
    func end(patience: Double = 5) {
        let begin = Date()
        var asked: Set<pid_t> = []
        while Date().timeIntervalSince(begin) < patience + 5 {
            let left = running()
            if left.isEmpty { return }
            let insist = Date().timeIntervalSince(begin) > patience
            for pid in left where insist || asked.insert(pid).inserted { kill(pid, insist ? SIGKILL : SIGTERM) }
            usleep(50_000)
        }
    }

    /// What to put before a program of a build, so that it ends with this process, however that ends. Where it is allowed the program gets
    /// namespaces of its own: everything it started dies with it, and what it mounted is gone.
    ///
    /// The signal comes when the thread that started the program ends; programs are started from one thread that lives as long as we do.
    static func launcher() async -> [String] {
        let namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        // An ordinary user's mmdebstrap makes its own, and cleans up when it is asked to end.
        let choices = geteuid() == 0 ? [["setpriv", "--pdeathsig", "KILL"] + namespaces] : []
        for words in choices + [["setpriv", "--pdeathsig", "TERM"]] {
            if (try? await Tool.output(words[0], words.dropFirst() + ["true"]).status) == 0 { return words }
        }
        return []
    }

    func running() -> [pid_t] {
        ((try? Directories.list("/proc")) ?? []).compactMap { pid_t($0) }.filter { pid in
            guard pid != getpid(), let bytes = try? AtomicFile.read("/proc/\(pid)/environ", limit: 1 << 20) else { return false }
            return bytes.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
        }
    }
}
