public import AtollBootstrap
public import AtollClaims
public import AtollDiskImages
public import AtollDomainPlan
public import AtollGuestAccess
public import AtollLibvirt
public import AtollModel
public import AtollPlanning
public import AtollPlatform
public import AtollSSH
public import AtollTemplates
public import AtollVirtXML
public import AtollXML

// Here rather than beside each type, because bindings do not know the Model and this room sees nearly all of them.
extension EnvironmentError: UserFacingError {}
extension BootstrapError: UserFacingError {}
extension ClaimError: UserFacingError {}
extension DiskImageError: UserFacingError {}
extension DomainPlanError: UserFacingError {}
extension FailpointError: UserFacingError {}
extension ForeignObject: UserFacingError {}
extension GuestAccessError: UserFacingError {}
extension LibvirtError: UserFacingError {}
extension PlatformError: UserFacingError {}
extension SSHError: UserFacingError {}
extension TemplateError: UserFacingError {}
extension VirtXMLError: UserFacingError {}
extension XMLError: UserFacingError {}
