//! What is kept secret from definitions: they name a variable of the server's environment.

/// Where the values of environment variables come from.
pub type Environment = fn(&str) -> Option<String>;

/// The secret that a variable holds. `what` it is, such as "the gateway's token". Blanks are no secret: a file with variables that was
/// never filled in leaves them.
pub(super) fn secret(environment: Environment, variable: &str, what: &str) -> Result<String, String> {
    let fault = |is: &str| {
        format!("the environment variable {variable} with {what} is {is}; set it and restart the server")
    };
    match environment(variable) {
        None => Err(fault("not set")),
        Some(text) if text.trim().is_empty() => Err(fault("empty")),
        Some(text) => Ok(text),
    }
}
