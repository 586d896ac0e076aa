#!/usr/bin/env bats
# Accounts and sshd: what a config asks for is what the image has, on a base that already has accounts of its own.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=users-Pw1

setup_file() {
    begin_file
    # Like a base that another person has used: accounts, a user, an entrypoint and a command of its own.
    derive base <<'DOCKERFILE'
RUN useradd --create-home --uid 1000 --shell /bin/bash ubuntu \
 && useradd --create-home --uid 1234 --shell /bin/sh me \
 && echo kept >/home/me/former-file && chown me:me /home/me/former-file \
 && useradd --create-home --uid 1001 other \
 && groupadd --gid 3000 present
USER ubuntu
WORKDIR /home/ubuntu
ENTRYPOINT ["/bin/false"]
CMD ["no-such-command"]
DOCKERFILE
    PORT=$(free_port)
    export PORT
    project users
    new_key "$WORK/text" -t ed25519 -C 'text key'
    new_key "$WORK/file" -t rsa -b 2048 -C 'file key'
    new_key "$WORK/pem-ec" -t ecdsa -m PEM -C ''
    new_key "$WORK/pem-rsa" -t rsa -b 2048 -m PEM -C ''
    new_key "$WORK/pkcs8-ec" -t ecdsa -b 384 -m PKCS8 -C ''
    new_key "$WORK/ed" -t ed25519 -C 'not for login'
    cp "$WORK/file.pub" "$PROJECT/installation/stage-1/custom/file key.pub"
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  ssh:
    port: 2022
    host_port: $PORT
    users:
      me: {password: $PASSWORD, uid: 1000, gid: 2000}
      byfile: {pubkey_file: 'stage-1/custom/file key.pub', gid: 3000}
      bytext: {pubkey_text: $(yaml_text "$(<"$WORK/text.pub")"), uid: 1500}
      both: {password: $PASSWORD, pubkey_text: $(yaml_text "$(<"$WORK/text.pub")"), privkey_file: $WORK/pem-rsa}
      ident: {password: $PASSWORD, privkey_file: $WORK/pem-ec}
      ident-2: {password: $PASSWORD, privkey_text: $(yaml_text "$(<"$WORK/ed")")}
      ident-3: {privkey_file: $WORK/pkcs8-ec}
      root: {password: $PASSWORD-root}
stage_2:
  $(image_2)
YAML
    build
    up
    wait_for_ssh "$PORT"
}

teardown_file() {
    end_file
}

setup() {
    project users
    C=$(container)
}

# ---- accounts

@test "uid and gid are what was asked for, and a missing group is made" {
    must in_c -- sh -c 'id -u me; id -g me; id -u bytext; id -g byfile; id -gn byfile'
    equal $'1000\n2000\n1500\n3000\npresent' "$output"
}

@test "every user has a home, bash, sudo and ssh_users" {
    local user
    for user in me byfile bytext both ident ident-2 ident-3; do
        must in_c -- getent passwd "$user"
        has "$output" ":/home/$user:/bin/bash"
        must in_c -- id -nG "$user"
        has " $output " ' sudo '
        has " $output " ' ssh_users '
        must in_c -- stat -c '%U %G %a' "/home/$user"
        # 750 at most: Debian 13 makes them 700.
        [[ $output == "$user $(in_c -- id -gn "$user") 7"[05]0 ]] || fail "the home of $user: $output"
    done
}

@test "an account of the same name is renamed with its home" {
    must in_c -- sh -c 'id -u me_old1; getent passwd me_old1 | cut -d: -f6; cat /home/me_old1/former-file; stat -c %U /home/me_old1/former-file'
    equal $'1234\n/home/me_old1\nkept\nme_old1' "$output"
    must_fail in_c -- test -e /home/me/former-file
}

@test "the owner of a requested uid gets the next free one, and keeps its files" {
    local uid
    uid=$(in_c -- id -u ubuntu)
    ((uid > 1000 && uid < 1500)) || fail "ubuntu has uid $uid"
    equal 1001 "$(in_c -- id -u other)" 'the uid of an account that is in nobody'\''s way'
    must in_c -- stat -c %u /home/ubuntu
    equal "$uid" "$output"
}

@test "no two accounts share a uid" {
    must in_c -- sh -c 'cut -d: -f3 /etc/passwd | sort | uniq -d'
    equal '' "$output"
}

@test "the base's user, entrypoint and command are not what the images start with" {
    local n
    for n in 1 2; do
        must drun "$(image "$n")" id -un
        has_line "$output" root
        must docker image inspect --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' "$(image "$n")"
        has "$output" /entrypoint.sh
        lacks "$output" no-such-command
    done
}

# ---- logins

# ssh_config [ARG...]: pei's own, for a person who has nothing in ~/.ssh yet.
ssh_config() {
    mkdir -p "$WORK/home"
    HOME=$WORK/home "$PEI_BIN" ssh-config -p "$PROJECT" "$@"
}

@test "pei ssh-config: the project's name logs in, and the host key is known" {
    local login=(timeout 30 sshpass -e ssh -F "$WORK/home/.ssh/config" -o StrictHostKeyChecking=yes "${PROJECT##*/}" id -un)
    must ssh_config --write
    lacks "$output" 'host key'
    SSHPASS=$PASSWORD must "${login[@]}"
    equal me "$output"
    # Another container on the port is noticed.
    ssh-keygen -q -t ed25519 -N '' -f "$WORK/other-host"
    printf '%s %s\n' "${PROJECT##*/}" "$(cut -d ' ' -f 1,2 "$WORK/other-host.pub")" >"$PROJECT/.pei/known_hosts"
    SSHPASS=$PASSWORD must_fail "${login[@]}"
    has "$output" 'HOST IDENTIFICATION HAS CHANGED'
    must ssh_config --write
    has "$output" 'nothing to do'
    SSHPASS=$PASSWORD must "${login[@]}"
}

@test "pei ssh-config: the key of the config logs in" {
    printf '%s\n' "stage_1:" "  $(image_1 "$ID-base")" \
        "  ssh: {port: 2022, host_port: 1, users: {byfile: {pubkey_file: $WORK/file.pub}}}" \
        "stage_2:" "  $(image_2)" >"$PROJECT/keys.yml"
    ssh_config -c keys.yml >"$WORK/entry"
    must timeout 30 ssh -F "$WORK/entry" -o BatchMode=yes -o StrictHostKeyChecking=yes "${PROJECT##*/}" id -un
    equal byfile "$output"
}

@test "a password logs in, another one does not" {
    local user
    for user in me both ident; do
        must ssh_as "$user" "$PASSWORD" "$PORT" id -un
        equal "$user" "$output"
        must_fail ssh_as "$user" "not-$PASSWORD" "$PORT" true
    done
    must ssh_as root "$PASSWORD-root" "$PORT" id -u
    equal 0 "$output"
}

@test "a public key logs in, from a file and as text" {
    must ssh_by_key bytext "$WORK/text" "$PORT" id -un
    equal bytext "$output"
    must ssh_by_key byfile "$WORK/file" "$PORT" id -un
    equal byfile "$output"
    must ssh_by_key both "$WORK/text" "$PORT" id -un
    equal both "$output"
}

@test "a key is good for its own user alone" {
    must_fail ssh_by_key me "$WORK/text" "$PORT" true
    must_fail ssh_by_key byfile "$WORK/text" "$PORT" true
    must_fail ssh_by_key root "$WORK/file" "$PORT" true
}

@test "a user without a password has none, not an empty one" {
    local user
    for user in byfile bytext ident-3; do
        must_fail ssh_as "$user" '' "$PORT" true
        must in_c -- sh -c "getent shadow $user | cut -d: -f2"
        [[ $output == ['!*']* ]] || fail "the password of $user is no locked one: $output"
    done
}

@test "a private key is installed as the user's identity, named by its real type" {
    identity_is both id_rsa "$WORK/pem-rsa"
    identity_is ident id_ecdsa "$WORK/pem-ec"
    identity_is ident-2 id_ed25519 "$WORK/ed"
    identity_is ident-3 id_ecdsa "$WORK/pkcs8-ec"
}

# identity_is USER NAME KEYFILE
identity_is() {
    must in_c -- ls "/home/$1/.ssh"
    has_line "$output" "$2"
    must in_c -- su "$1" -c "ssh-keygen -y -P '' -f /home/$1/.ssh/$2"
    equal "$(ssh-keygen -y -P '' -f "$3" | cut -d' ' -f 1,2)" "$(cut -d' ' -f 1,2 <<<"$output")" "the key of $1"
}

@test "a private key never grants login" {
    must_fail ssh_by_key ident "$WORK/pem-ec" "$PORT" true
    must_fail ssh_by_key ident-2 "$WORK/ed" "$PORT" true
    must_fail ssh_by_key ident-3 "$WORK/pkcs8-ec" "$PORT" true
    must_fail ssh_by_key both "$WORK/pem-rsa" "$PORT" true
}

@test "nobody has a key that the config does not name" {
    local user
    must in_c -- bash -c 'shopt -s nullglob dotglob; for f in /root/.ssh/id_* /home/me/.ssh/id_* /home/by*/.ssh/id_*; do echo "$f"; done'
    equal '' "$output" 'the identities that were made up'
    must in_c -- bash -c 'shopt -s nullglob; for f in {/root,/home/*}/.ssh/authorized_keys*; do echo "$f"; done'
    equal '' "$output" 'the lists of keys in homes'
    must in_c -- sh -c 'cd /etc/ssh/pei-keys && grep -c "^[^#]" *'
    equal $'both:1\nbyfile:1\nbytext:1' "$output" 'the keys of the users'
}

@test "~/.ssh is 700, its files 600, and both are the user's" {
    local user
    for user in both ident ident-2 ident-3; do
        must in_c -- stat -c '%a %U %F' "/home/$user/.ssh"
        equal "700 $user directory" "$output"
        must in_c -- find "/home/$user/.ssh" -mindepth 1 ! \( -perm 600 -user "$user" \)
        equal '' "$output" 'what is not 600, or somebody else'\''s'
        must in_c -- find "/home/$user/.ssh" -mindepth 1 -type f
        [[ -n $output ]] || fail "$user has no key file"
    done
}

# ---- sshd

sshd_says() {
    has_line "$(in_c "${2:-$C}" -- /usr/sbin/sshd -T)" "$1"
}

@test "sshd listens on the configured port, with passwords and X11, and without empty passwords" {
    sshd_says 'port 2022'
    sshd_says 'passwordauthentication yes'
    sshd_says 'pubkeyauthentication yes'
    sshd_says 'x11forwarding yes'
    sshd_says 'permitemptypasswords no'
    must in_c -- which xauth
}

@test "root may log in where root is a configured user" {
    sshd_says 'permitrootlogin yes'
}

@test "root may not log in where root is no configured user" {
    local port
    project noroot
    port=$(free_port)
    config <<YAML
stage_1:
  $(image_1)
  ssh: {host_port: $port, users: {me: {password: $PASSWORD}}}
stage_2:
  $(image_2)
YAML
    build stage-2
    up
    wait_for_ssh "$port"
    sshd_says 'permitrootlogin no' "$(container)"
    must in_c -- sh -c "echo root:$PASSWORD | chpasswd"
    must_fail ssh_as root "$PASSWORD" "$port" true
    must ssh_as me "$PASSWORD" "$port" true
    down --volumes
}

@test "nothing is world-writable, or setuid, that the base and its packages have not made so" {
    must drun --entrypoint find "$(image 2)" / -xdev \( -path /proc -o -path /sys -o -path /dev \) -prune \
        -o -perm -0002 ! -type l ! -perm -1000 -print
    equal '' "$output" 'what each user may replace'
    must drun --entrypoint bash "$(image 2)" -c \
        'find / -xdev -perm /6000 -type f -print | while read -r f; do dpkg -S "$f" >/dev/null 2>&1 || dpkg -S "/usr$f" "${f#/usr}" 2>/dev/null | grep -q . || echo "$f"; done'
    equal '' "$output" 'the setuid files that no package owns'
}

@test "the ssh of a base that pei made goes, its accounts stay; a stage_2 on a base of its own keeps it" {
    local base port
    project users
    base=$(image 2)
    project on-pei
    port=$(free_port)
    config <<YAML
stage_1:
  $(image_1 "$base")
  ssh: {enable: false, users: {me: {password: $PASSWORD}}}
stage_2:
  image: {base: '$base', output: '$(image 2)'}
  ports: ['$port:2022']
YAML
    build
    start on-pei --health-interval 1s "$(image 1)" sleep 60
    wait_for_start "$ID-on-pei"
    must_fail docker exec "$ID-on-pei" pgrep -x sshd
    must_fail docker exec "$ID-on-pei" bash -c 'compgen -G "/etc/ssh/pei*"'
    equal '' "$(docker exec "$ID-on-pei" getent group ssh_users | cut -d: -f4)" 'the group of those who log in'
    must docker exec "$ID-on-pei" id -u me
    within 20 health_is healthy "$ID-on-pei"
    discard on-pei
    up
    wait_for_ssh "$port"
    must ssh_as me "$PASSWORD" "$port" id -un
    down --volumes
}

@test "accounts of a base log in by ssh only where a hook lets them; those that hooks make do" {
    local base port name
    base=$(image 2)
    project on-accounts
    port=$(free_port)
    hook stage-1/custom/accounts.sh <<SH
useradd --create-home hooked
echo 'hooked:$PASSWORD' | chpasswd
usermod -aG ssh_users both
install -D -m 644 -o bytext -g bytext /dev/stdin /home/bytext/.ssh/authorized_keys <<<'$(<"$WORK/text.pub")'
SH
    config <<YAML
stage_1:
  $(image_1 "$base")
  ssh: {port: 2022, host_port: $port, users: {new: {password: $PASSWORD}, ident: {password: $PASSWORD-new}}}
  custom: {on_build: [stage-1/custom/accounts.sh]}
YAML
    build stage-1
    has "$(<"$PROJECT.log")" 'cannot log in by ssh, although they have passwords: '
    up stage-1
    wait_for_ssh "$port"
    for name in new hooked both; do must ssh_as "$name" "$PASSWORD" "$port" id -un; done
    must ssh_as ident "$PASSWORD-new" "$port" id -un
    for name in me ident-2 ident_old1; do
        must in_c "$(container stage-1)" -- id "$name"
        must_fail ssh_as "$name" "$PASSWORD" "$port" true
    done
    must_fail ssh_by_key bytext "$WORK/text" "$port" true
    down --volumes
}

@test "a user with the name of a system account stops the build, and the account is named" {
    local base
    project users
    base=$(image 1)
    project system-name
    config <<YAML
stage_1:
  $(image_1 "$base")
  ssh: {users: {me: {password: $PASSWORD}, www-data: {password: $PASSWORD}}}
YAML
    build_fails stage-1
    has "$(<"$PROJECT.log")" 'www-data is a system account of the base'
}

@test "without ssh there is no sshd, no port and no host key" {
    project nossh
    config <<YAML
stage_1:
  $(image_1)
  ssh: {enable: false, host_port: 22222, users: {me: {password: $PASSWORD}}}
stage_2:
  $(image_2)
YAML
    build stage-2
    up
    wait_for_start
    must_fail in_c -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
    must docker port "$(container)"
    equal '' "$output"
    must_fail in_c -- bash -c 'compgen -G "/pei-init/ssh-host-keys/*key*"'
    must docker image inspect --format '{{json .Config.Healthcheck}}' "$(image 2)"
    equal null "$output" 'the health check'
    down --volumes
}
