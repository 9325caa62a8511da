import AtollLibvirt
import AtollTestSupport

/// A host of libvirt's test driver that belongs to one test: connections to the same node file do not see each other either.
struct PrivateNode {
    let workspace: Workspace
    let uri: String

    init() throws {
        workspace = try Workspace("node")
        let file = try workspace.write(
            "node.xml",
            """
            <node>
              <cpu><mhz>1000</mhz><model>i686</model><active>2</active><nodes>1</nodes><sockets>1</sockets><cores>2</cores><threads>1</threads></cpu>
              <memory>2097152</memory>
              <network><name>n0</name><bridge name='virbr7'/><ip address='192.0.2.1' netmask='255.255.255.0'/></network>
            </node>
            """)
        uri = "test://\(file)"
    }

    func open(events: Bool = false) throws -> Connection { try Connection(uri: uri, events: events) }
}

func domainXML(_ name: String, uuid: String = "fe689d3c-39d0-11e5-b22b-54ee755a00ca", extra: String = "") -> String {
    """
    <domain type='test'><name>\(name)</name><uuid>\(uuid)</uuid>\(extra)<memory>8192</memory><os><type>hvm</type></os></domain>
    """
}
