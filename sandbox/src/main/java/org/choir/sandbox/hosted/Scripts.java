package org.choir.sandbox.hosted;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.choir.sandbox.ExecRequest;

/**
 * The scripts by which a hosted sandbox does what our own guest agent does. They run as root,
 * change to the asked user for a command, and tell a failure of their own by exit code {@link
 * #REFUSED} and one line on standard error that begins with a random mark: a command cannot forge
 * it.
 */
final class Scripts {
  /** The exit code of a script that did not do what it was asked. */
  static final int REFUSED = 97;

  private static final SecureRandom RANDOM = new SecureRandom();

  private static final String COMMON =
      """
      refuse() { printf '%s:%s' '@MARK@' "$1" >&2; exit 97; }
      within() { case $1 in /workspace/*|/tmp/*) return 0 ;; *) return 1 ;; esac; }
      # Why a path cannot be walked: nothing there, or a part that is no folder.
      walk() {
        local part=$1
        while [[ $part != / ]]; do
          part=$(dirname -- "$part")
          if [[ -e $part && ! -d $part ]]; then refuse not_a_directory; fi
        done
        refuse file_not_found
      }
      """;

  private Scripts() {}

  /** A mark that nobody can guess. */
  static String mark() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return "choir-" + HexFormat.of().formatHex(bytes);
  }

  /** A word of the shell for any text. */
  static String quote(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  private static String script(String mark, String body) {
    return COMMON.replace("@MARK@", mark) + body;
  }

  /** The folders that every VM of ours has. */
  static String prepare() {
    return """
    mkdir -p /workspace/{sources,drafts,reports,tools,tasks} /research /home/choir
    ln -sfn /workspace/sources /research/sources
    chown 1000:1000 /workspace /workspace/{sources,drafts,reports,tools,tasks} /home/choir
    chmod 2775 /workspace /workspace/{sources,drafts,reports,tools,tasks} /home/choir
    """;
  }

  /**
   * Runs a command. {@code timeout} ends its process group; whatever else carries the mark in its
   * environment is killed when the command has ended, in whichever session it is.
   */
  static String command(String mark, ExecRequest request) {
    StringBuilder words = new StringBuilder();
    request.argv().forEach(word -> words.append(' ').append(quote(word)));
    StringBuilder environment = new StringBuilder();
    for (Map.Entry<String, String> entry : request.env().entrySet()) {
      environment.append(' ').append(quote(entry.getKey() + "=" + entry.getValue()));
    }
    return script(
        mark,
        """
        cd -- %1$s 2>/dev/null || walk %1$s
        run=(env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/choir LANG=C.UTF-8 CHOIR_MARK=%2$s%3$s \\
          setpriv --reuid=%4$d --regid=1000 --clear-groups --no-new-privs --)
        "${run[@]}" bash -c 'command -v -- "$0" >/dev/null' %5$s || refuse file_not_found
        umask 002
        "${run[@]}" timeout --signal=TERM --kill-after=2 %6$s%7$s < /dev/null
        code=$?
        for process in /proc/[0-9]*; do
          if grep -qsz '^CHOIR_MARK=%2$s$' "$process/environ"; then kill -9 "${process#/proc/}" 2>/dev/null; fi
        done
        exit $code
        """
            .formatted(
                quote(request.cwd()),
                mark,
                environment,
                request.uid(),
                quote(request.argv().getFirst()),
                seconds(request),
                words));
  }

  private static String seconds(ExecRequest request) {
    long millis = request.timeout().toMillis();
    return "%d.%03d".formatted(millis / 1_000, millis % 1_000);
  }

  /** One line for what is at a path: type, size, mode, user, time; then its name. */
  private static final String ONE = "'%y\\t%s\\t%m\\t%U\\t%T@\\t%p\\0'";

  static String stat(String mark, String path) {
    return script(
        mark,
        """
        [[ -e %1$s || -L %1$s ]] || walk %1$s
        find %1$s -maxdepth 0 -printf %2$s
        """
            .formatted(quote(path), ONE));
  }

  static String list(String mark, String path, boolean recursive) {
    return script(
        mark,
        """
        [[ -e %1$s || -L %1$s ]] || walk %1$s
        [[ -d %1$s && ! -L %1$s ]] || refuse not_a_directory
        find %1$s -mindepth 1 %3$s -printf %2$s
        """
            .formatted(quote(path), ONE, recursive ? "" : "-maxdepth 1"));
  }

  static String delete(String mark, String path) {
    return script(
        mark,
        """
        parent=$(realpath -m -- "$(dirname -- %1$s)")/
        within "$parent" || refuse permission_denied
        [[ -e %1$s || -L %1$s ]] || walk %1$s
        rm -rf -- %1$s
        """
            .formatted(quote(path)));
  }

  static String makeDirectory(String mark, String path, int uid, int mode) {
    return script(
        mark,
        """
        real=$(realpath -m -- %1$s)
        within "$real" || refuse permission_denied
        [[ -d $real ]] && exit 0
        [[ -e $real ]] && refuse not_a_directory
        umask 002
        setpriv --reuid=%2$d --regid=1000 --clear-groups mkdir -p -- "$real" 2>/dev/null \\
          || mkdir -p -- "$real" 2>/dev/null || walk "$real"
        chown %2$d:1000 -- "$real"
        chmod %3$o -- "$real"
        """
            .formatted(quote(path), uid, mode));
  }

  /** Where a file may be written: prints the folder's true path, made if need be. */
  static String beforeWrite(String mark, String path, int uid) {
    return script(
        mark,
        """
        parent=$(realpath -m -- "$(dirname -- %1$s)")
        within "$parent/" || refuse permission_denied
        [[ -d %1$s && ! -L %1$s ]] && refuse is_directory
        [[ -e %1$s && ! -L %1$s && ! -f %1$s ]] && refuse invalid_path
        made=$parent; first=
        while [[ ! -e $made ]]; do first=$made; made=$(dirname -- "$made"); done
        [[ -d $made ]] || refuse not_a_directory
        if [[ -n $first ]]; then
          mkdir -p -- "$parent" || refuse no_space
          chown -R %2$d:1000 -- "$first"
          find "$first" -type d -exec chmod 2775 {} +
        fi
        printf '%%s' "$parent"
        """
            .formatted(quote(path), uid));
  }

  static String afterWrite(
      String mark, String temporary, String target, long size, int uid, int mode) {
    return script(
        mark,
        """
        if [[ $(stat -c %%s -- %1$s) != %3$d ]]; then rm -f -- %1$s; refuse no_space; fi
        chown %4$d:1000 -- %1$s
        chmod %5$o -- %1$s
        mv -fT -- %1$s %2$s || { rm -f -- %1$s; refuse is_directory; }
        """
            .formatted(quote(temporary), quote(target), size, uid, mode));
  }

  /** Prints the size of a file that may be read. */
  static String beforeRead(String mark, String path) {
    return script(
        mark,
        """
        real=$(realpath -e -- %1$s 2>/dev/null) || walk %1$s
        case $real in /proc/*|/sys/*|/dev/*) refuse permission_denied ;; esac
        [[ -d $real ]] && refuse is_directory
        [[ -f $real ]] || refuse invalid_path
        stat -c %%s -- "$real"
        """
            .formatted(quote(path)));
  }

  static String part(String mark, String path, long offset, long limit) {
    return script(
        mark, "tail -c +%d -- %s | head -c %d\n".formatted(offset + 1, quote(path), limit));
  }

  static String remove(List<String> paths) {
    return "rm -f --" + String.join("", paths.stream().map(p -> " " + quote(p)).toList());
  }
}
