import AtollPlatform
import AtollTestSupport
import Glibc
import Testing

/// What another user may do with a file, worked out without being that user.
@Suite struct AccessEvaluationTests {
    private let stranger: uid_t = 4_000_001

    @Test func theModeDecidesForAStranger() throws {
        let space = try Workspace("access")
        let file = try space.write("f", "x")
        #expect(chmod(file, 0o640) == 0)
        #expect(AccessControl.allows(.read, on: file, uid: stranger) == false)
        #expect(chmod(file, 0o604) == 0)
        #expect(AccessControl.allows(.read, on: file, uid: stranger) == true)
        #expect(AccessControl.allows([.read, .write], on: file, uid: stranger) == false)
        #expect(AccessControl.allows([.read, .write], on: file, uid: 0) == true)
        #expect(AccessControl.allows(.read, on: file + "gone", uid: stranger) == nil)
    }

    @Test func anEntryOfTheirOwnDecidesAsFarAsTheMaskLetsIt() throws {
        guard let user = AccessControl.qemuUser, let uid = AccessControl.userID(user), geteuid() != uid else { return }
        let space = try Workspace("access")
        let file = try space.write("f", "x")
        #expect(chmod(file, 0o600) == 0)
        guard (try? AccessControl.grant([.read, .write], on: file, to: user)) != nil else { return }
        #expect(AccessControl.allows([.read, .write], on: file, uid: uid) == true)
        #expect(chmod(file, 0o640) == 0)
        #expect(AccessControl.allows([.read, .write], on: file, uid: uid) == false)
        #expect(AccessControl.allows(.read, on: file, uid: uid) == true)
    }
}
