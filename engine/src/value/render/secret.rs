//! Which names promise that a value is nobody's business.

/// Words in the names of fields and variables whose values are not shown.
const SECRET: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "credential",
];

/// Whether a field or variable of this name is likely to have a secret for its value.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_of_secrets_are_known() {
        assert!(is_secret("password") && is_secret("db_password") && is_secret("ApiKey"));
        assert!(!is_secret("pass") && !is_secret("key") && !is_secret("amount"));
    }
}
