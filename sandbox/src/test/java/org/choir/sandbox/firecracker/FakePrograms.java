package org.choir.sandbox.firecracker;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The two programs for tests, as files: a {@code jailer} that takes exactly the documented flags,
 * really changes root, user and process namespace, and a {@code firecracker} that is {@link
 * FakeFirecracker}.
 */
public record FakePrograms(FirecrackerOptions options) {
  private static final String JAILER =
      """
      #!/bin/bash
      # The jailer's documented flags, and nothing else; its order of steps too.
      set -euo pipefail
      die() { echo "Jailer error: $*" >&2; exit 1; }
      id= exec= uid= gid= base=/srv/jailer version=1 parent= pidns= cgroups=()
      while [[ $# -gt 0 ]]; do
        case $1 in
          --id) id=$2; shift 2 ;;
          --exec-file) exec=$2; shift 2 ;;
          --uid) uid=$2; shift 2 ;;
          --gid) gid=$2; shift 2 ;;
          --chroot-base-dir) base=$2; shift 2 ;;
          --cgroup-version) version=$2; shift 2 ;;
          --parent-cgroup) parent=$2; shift 2 ;;
          --cgroup) cgroups+=("$2"); shift 2 ;;
          --resource-limit) [[ $2 =~ ^(fsize|no-file)=[0-9]+$ ]] || die "bad limit $2"; shift 2 ;;
          --netns) shift 2 ;;
          --daemonize) shift ;;
          --new-pid-ns) pidns=1; shift ;;
          --) shift; break ;;
          *) die "unknown argument $1" ;;
        esac
      done
      [[ $id =~ ^[A-Za-z0-9-]{1,64}$ ]] || die "Invalid instance ID: $id"
      [[ $uid =~ ^[0-9]+$ && $gid =~ ^[0-9]+$ ]] || die "bad user"
      [[ -f $exec && -x $exec ]] || die "not a file: $exec"
      [[ $version == 2 ]] || die "control groups of version $version"
      for one in "${cgroups[@]}"; do [[ $one =~ ^[a-z.]+=.+$ ]] || die "bad cgroup $one"; done
      [[ -z ${NO_CLEAN_ENVIRONMENT:-} ]] || die "the environment was not cleared"
      name=$(basename "$exec")
      root=$base/$name/$id/root
      mkdir -p "$root" "@CGROUPS@/$parent/$id"
      [[ ! -e $root/$name && ! -L $root/$name ]] || die "$root/$name is there already"
      cp "$exec" "$root/$name"
      chown "$uid:$gid" "$root"
      export root name id uid gid
      arguments=("--id=$id" --start-time-us=1 --start-time-cpu-us=1 "$@")
      if [[ -z $pidns ]]; then
        echo $$ > "$root/$name.pid"
        exec unshare --mount --propagation private -- "@INNER@" "${arguments[@]}"
      fi
      exec unshare --mount --propagation private --pid -- bash -c '
        "$0" "$@" & echo $! > "$root/$name.pid.new"; mv "$root/$name.pid.new" "$root/$name.pid"
      ' "@INNER@" "${arguments[@]}"
      """;

  /** In its own mount namespace: what the real, static program does not need. */
  private static final String INNER =
      """
      #!/bin/bash
      set -euo pipefail
      mkdir -p "$root"/{usr,etc,dev,proc,tmp,cp}
      for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
      chown "$uid:$gid" "$root/tmp"
      mount --rbind /usr "$root/usr"; mount --rbind /etc "$root/etc"; mount --rbind /dev "$root/dev"
      mount -t proc proc "$root/proc"
      @MOUNTS@
      ulimit -c 0
      exec env -i /usr/sbin/chroot "$root" /usr/bin/setpriv --reuid "$uid" --regid "$gid" --clear-groups \\
        --no-new-privs "/$name" "$@"
      """;

  /** Writes them into a folder. */
  public static FakePrograms in(Path folder, Path jails, String version) throws IOException {
    return in(folder, jails, version, version);
  }

  /** The same with a process that says another version than its program. */
  static FakePrograms in(Path folder, Path jails, String version, String said) throws IOException {
    Map<String, String> classPath = new LinkedHashMap<>();
    StringBuilder mounts = new StringBuilder();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      boolean needed =
          entry.contains("test-classes")
              || entry.contains("classes")
              || entry.contains("jackson")
              || entry.contains("slf4j-api")
              || entry.contains("core")
              || entry.contains("jspecify");
      if (!needed || !Files.exists(Path.of(entry)) || classPath.containsKey(entry)) {
        continue;
      }
      String inside = "/cp/" + classPath.size() + (Files.isDirectory(Path.of(entry)) ? "" : ".jar");
      classPath.put(entry, inside);
      mounts
          .append(Files.isDirectory(Path.of(entry)) ? "mkdir" : "touch")
          .append(" \"$root%s\"; mount --bind '%s' \"$root%s\"\n".formatted(inside, entry, inside));
    }
    Path cgroups = Files.createDirectories(folder.resolve("cgroup"));
    Path inner = program(folder.resolve("inner"), INNER.replace("@MOUNTS@", mounts.toString()));
    Path jailer =
        program(
            folder.resolve("jailer"),
            JAILER.replace("@INNER@", inner.toString()).replace("@CGROUPS@", cgroups.toString()));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java").toRealPath();
    Path firecracker =
        program(
            folder.resolve("firecracker"),
            """
            #!/bin/bash
            [[ ${1:-} == --version ]] && { echo 'Firecracker v%s'; exit 0; }
            exec %s -XX:-UsePerfData -XX:TieredStopAtLevel=1 -Xmx96m -Xshare:auto -Djava.io.tmpdir=/tmp \\
              -Dfake.version=%s -cp %s %s "$@"
            """
                .formatted(
                    version,
                    java,
                    said,
                    String.join(":", classPath.values()),
                    FakeFirecracker.class.getName()));
    return new FakePrograms(
        new FirecrackerOptions(
            firecracker,
            jailer,
            jails,
            30_000,
            64,
            cgroups,
            "choir",
            200L << 20,
            Duration.ofSeconds(30)));
  }

  private static Path program(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  /** A host on which Firecracker may run, whatever this one is. */
  public static HostReport goodHost() {
    return new HostReport(
        java.util.List.of(), false, java.util.Set.of("cpu", "memory", "pids"), false, true, true);
  }
}
