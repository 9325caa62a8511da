/// What is right and wrong about this host, one `Finding` per thing looked at, each with the commands that mend it.
///
/// It looks and changes nothing, and never stops at the first trouble: a check that cannot be made says so in its own finding. Facts
/// come through `HostFacts`, so that every judgement is tested without the host that deserves it. It prints nothing; that is the CLI's.
/// Start with `Doctor.examine`.
package enum Doctor {
    /// Looks at everything and returns the findings in the order a person would mend them.
    /// - Parameter subject: which directories and which libvirt this is about.
    package static func examine(_ subject: Subject = Subject(), facts: HostFacts = .live()) async -> [Finding] {
        let remedies = Remedies(facts)
        let (libvirt, answer) = await LibvirtCheck.look(subject, facts, remedies)
        var findings = libvirt
        findings.append(AccelerationCheck.finding(subject, facts, remedies))
        findings += ProgramCheck.findings(facts, remedies)
        findings += LibguestfsCheck.findings(facts, remedies)
        findings += StateCheck.findings(subject, facts, remedies)
        findings += await PathCheck.findings(subject, facts, remedies)
        findings += CapacityCheck.findings(subject, facts, remedies)
        findings.append(RouteCheck.finding(subject, facts, remedies))
        findings += EgressCheck.findings(answer, facts, remedies)
        findings += HardwareCheck.findings(facts, remedies)
        return findings
    }
}
