/** The most used passwords of at least eight characters, as leaked lists have them; what is shorter is refused anyway. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `123456789 12345678 1234567890 password qwertyuiop 1q2w3e4r 1qaz2wsx qwerty123 password1 password123 iloveyou
  123123123 987654321 11111111 00000000 88888888 66666666 1234567891 qwer1234 abcd1234 asdfghjkl zxcvbnm123 a1234567
  aa123456 123456abc abc12345 abcd123456 a12345678 123qweasd 1q2w3e4r5t qazwsxedc q1w2e3r4 zaq12wsx princess sunshine
  football baseball superman trustno1 welcome1 admin123 administrator letmein1 changeme passw0rd p@ssw0rd p@ssword
  12341234 12344321 13579246 147258369 159357456 woaini1314 5201314520 woaini520 asdf1234 asdfasdf qweasdzxc
  1qazxsw2 computer internet whatever michelle jennifer starwars master123 dragon123 monkey123 shadow123 secret123
  test1234 testtest guest123 user1234 root1234 kaibo123 kaibokaibo live1234 streamer`.split(/\s+/),
);
