/// An error whose words tell the user or the host's owner what to mend: a verb that ends with one exits 2. Anything else is a mistake
/// of ours and exits 1.
public protocol UserFacingError: Error {}

extension InvalidInput: UserFacingError {}
