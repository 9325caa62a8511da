import AtollPlatform
import AtollTestSupport
import Glibc
import Testing

@Suite struct DirectoriesTests {
    @Test("a tree with names that are no text is removed whole") func namesThatAreNoText() throws {
        let workspace = try Workspace()
        let root = workspace.path + "/tree"
        try Directories.make(root + "/sub")
        // What a guest may call a file: 0xFF is in no UTF-8 text.
        let name = Array((root + "/sub/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 120, 0]
        let file = open(name, O_WRONLY | O_CREAT, 0o600)
        #expect(file >= 0)
        close(file)
        try Directories.removeTree(root)
        #expect(!SystemCall.exists(root))
    }

    @Test("a link is removed, not what it points to") func linksAreNotFollowed() throws {
        let workspace = try Workspace()
        try workspace.write("target/file", "kept")
        try Directories.make(workspace.path + "/tree")
        try SymbolicLink.make(workspace.path + "/tree/link", to: workspace.path + "/target")
        try Directories.removeTree(workspace.path + "/tree")
        #expect(SystemCall.exists(workspace.path + "/target/file"))
    }
}
