# Logins from the outside, to a port of this machine, or of SSH_HOST.
#
# shellcheck shell=bash

__ssh_options=(
    -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR
    -o ConnectTimeout=10 -o NumberOfPasswordPrompts=1 -o IdentityAgent=none -o ControlMaster=no
)
# How long a login and what it runs may take.
__ssh_seconds=30
__ssh_by_password=(-o PubkeyAuthentication=no -o PreferredAuthentications=password)
__ssh_by_key=(-o IdentitiesOnly=yes -o PreferredAuthentications=publickey -o BatchMode=yes)

# wait_long_for_logins: where a crowd wants in at once, each may take its time.
wait_long_for_logins() {
    __ssh_seconds=200
    __ssh_options=(-o ConnectTimeout=200 "${__ssh_options[@]}")
}

# ssh_as USER PASSWORD PORT [CMD...]
ssh_as() {
    local user=$1 password=$2 port=$3
    shift 3
    SSHPASS=$password timeout "$__ssh_seconds" sshpass -e \
        ssh "${__ssh_options[@]}" "${__ssh_by_password[@]}" -p "$port" "$user@${SSH_HOST:-127.0.0.1}" "$@" </dev/null
}

# ssh_typing USER PASSWORD PORT: a session on a terminal; stdin is what the person types.
ssh_typing() {
    SSHPASS=$2 timeout "$__ssh_seconds" sshpass -e \
        ssh -tt "${__ssh_options[@]}" "${__ssh_by_password[@]}" -p "$3" "$1@${SSH_HOST:-127.0.0.1}"
}

# ssh_by_key USER KEYFILE PORT [CMD...]
ssh_by_key() {
    local user=$1 key=$2 port=$3
    shift 3
    timeout "$__ssh_seconds" ssh "${__ssh_options[@]}" "${__ssh_by_key[@]}" -i "$key" -p "$port" "$user@${SSH_HOST:-127.0.0.1}" "$@" </dev/null
}

# scp_to USER PASSWORD PORT FILE TARGET
scp_to() {
    SSHPASS=$2 timeout "$__ssh_seconds" sshpass -e \
        scp "${__ssh_options[@]}" "${__ssh_by_password[@]}" -P "$3" "$4" "$1@${SSH_HOST:-127.0.0.1}:$5"
}

# sftp_to USER PASSWORD PORT: batch on stdin.
sftp_to() {
    SSHPASS=$2 timeout "$__ssh_seconds" sshpass -e \
        sftp -o BatchMode=no "${__ssh_options[@]}" "${__ssh_by_password[@]}" -P "$3" -b - "$1@${SSH_HOST:-127.0.0.1}"
}

# The server has said who it is.
answers_ssh() {
    local greeting
    { read -r -t 3 greeting <&3; } 3<>"/dev/tcp/${SSH_HOST:-127.0.0.1}/$1" && [[ $greeting == SSH-2.0* ]]
}

wait_for_ssh() {
    within 40 answers_ssh "$1"
}

# host_keys PORT: the public host keys, sorted.
host_keys() {
    ssh-keyscan -T 10 -p "$1" "${SSH_HOST:-127.0.0.1}" 2>/dev/null | cut -d ' ' -f 2- | sort
}

# new_key FILE [ARG...]: a key pair without a passphrase.
new_key() {
    local file=$1
    shift
    must ssh-keygen -q -N '' -f "$file" "$@"
}
