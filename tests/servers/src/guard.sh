# shellcheck shell=sh disable=SC2046,SC2086 # pids are lists
# Runs one server, and ends it when the process that owns it is gone, however that went: the owner holds the other
# end of the standard input, and a pipe closes with its process, also after kill -9.
# Arguments: the server's folder, its log, the user that it runs as (empty: the same one), its command line.
# Each order is a line, and each is answered by a line; `prepare` is followed by a quoted command line of its own.
folder=$1 log=$2 user=$3
shift 3
pid=

# Not a name, and not a pid that somebody wrote down: the server, and the processes that it has started itself.
started_by() {
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    rest=${line##*) }
    rest=${rest#* }
    [ "${rest%% *}" != "$1" ] || echo "${line%% *}"
  done
}

# A process that has ended and that nobody has asked about yet is a zombie: no longer running.
running() {
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  case ${line##*) } in [ZX]*) return 1 ;; esac
}

wait_for_end_of() {
  for one in "$@"; do
    while running "$one"; do sleep 0.01; done
  done
}

start() {
  # The server ends with this shell too, should anything end this shell before its time.
  setpriv --pdeathsig KILL ${user:+--reuid=$user --regid=$user --init-groups} -- "$@" </dev/null >>"$log" 2>&1 &
  pid=$!
}

# Stopped first: a server that is about to start a process, or to answer the loss of one, does not get to it.
pause() {
  kill -STOP "$pid"
  children=$(started_by "$pid")
  [ -z "$children" ] || kill -STOP $children
}

resume() { kill -CONT "$pid" $(started_by "$pid"); }

end() {
  [ -n "$pid" ] || return
  if running "$pid"; then
    pause
    [ -z "$children" ] || kill -KILL $children
    kill -KILL "$pid"
    wait_for_end_of $children
  fi
  wait "$pid"
  pid=
}

# PostgreSQL writes down the piece of shared memory that outlives it when it is killed.
release_shared_memory() {
  [ -r "$folder/data/postmaster.pid" ] || return
  set -- $(sed -n 7p "$folder/data/postmaster.pid")
  [ -z "$2" ] || ipcrm -m "$2"
}

clean_up() {
  end
  release_shared_memory
  rm -rf "$folder"
}

# A signal ends the reading below, as the end of the pipe does. PIPE is an answer that nobody is there to read.
trap : INT TERM HUP PIPE

# Made here: there is no folder without a guard that removes it.
mkdir -m 700 "$folder" || exit
cd "$folder" && echo ready

while read -r order words; do
  case $order in
    # To its end, even when the owner dies meanwhile: what is half prepared leaves more behind than a folder.
    prepare) eval "$words" </dev/null >>"$log" 2>&1 || order=failed ;;
    start) start "$@" && order=$pid ;;
    kill) end ;;
    pause) pause ;;
    resume) resume ;;
    state) if [ -n "$pid" ] && running "$pid"; then echo running; else echo ended; fi; continue ;;
  esac
  echo "$order"
done
clean_up
