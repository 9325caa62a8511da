/// An error that the user or the host's administrator can fix: the verb exits with 2. Any other error is an internal error
/// and exits with 1.
public protocol UserFacingError: Error {}

extension InvalidInput: UserFacingError {}
