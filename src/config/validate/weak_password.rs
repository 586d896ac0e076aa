//! Passwords that are easy to guess.

/// The start of every list of common passwords. Shorter passwords are weak anyway.
const COMMON: &str = "password passw0rd password1 password123 qwertyui qwertyuiop iloveyou sunshine princess football \
    baseball superman starwars trustno1 whatever welcome1 changeme changeit letmein1 administrator \
    adminadmin admin123 root1234 rootroot toortoor ubuntu123 docker123 secret123 1q2w3e4r 1qaz2wsx \
    q1w2e3r4 abcd1234 abc12345 a1b2c3d4 asdfghjk zxcvbnm1 testtest test1234 user1234 default1";

/// Shorter passwords can be found by trying all of them.
const SHORTEST: usize = 8;

/// Whether a password is short, common, the user's name, a repetition or a sequence of digits.
pub(super) fn is_weak(password: &str, user: &str) -> bool {
    let lower = password.to_lowercase();
    let characters: Vec<char> = lower.chars().collect();
    let step = |pair: &[char]| u32::from(pair[1]).wrapping_sub(u32::from(pair[0]));
    let one_step = |size: u32| characters.windows(2).all(|pair| step(pair) == size);
    characters.len() < SHORTEST
        || COMMON.split(' ').any(|common| common == lower)
        || lower == user
        || one_step(0)
        || one_step(1)
        || one_step(u32::MAX)
        || "1234567890".repeat(2).contains(&lower)
}

#[cfg(test)]
mod tests {
    use super::is_weak;

    #[test]
    fn passwords_that_are_easy_to_guess_are_weak() {
        for password in [
            "123456",
            "1234567890",
            "aaaaaaaaaa",
            "Password",
            "87654321",
            "longusername",
        ] {
            assert!(is_weak(password, "longusername"), "{password}");
        }
        for password in ["correct-horse", "k3mQ9x.2", "20260131x"] {
            assert!(!is_weak(password, "me"), "{password}");
        }
    }
}
