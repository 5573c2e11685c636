package org.choir.knowledge;

/** A few pages of an invented database's manual, and one that has nothing to do with it. */
final class SmallManual {
  private SmallManual() {}

  static final String LOG =
      """
      <html><head><title>3. The log</title></head><body>
      <div class="navheader"><a href="index.html">Up</a></div>
      <div class="sect1" id="LOG"><h2>3. The log</h2>
      <p>Every change is written to the log before it reaches the tables. The log is a row of files
      of the same size, which are filled one after the other and used again when nothing needs them
      any more. Nothing else in the server is written as often.</p>
      <h3 id="RECOVERY">3.1. Recovery</h3>
      <p>When the server starts after a crash, it replays the log from the last checkpoint on, so
      that every change that was reported as done is there again, and those that were not finished
      leave no trace. This takes longer the more has been written since the last checkpoint.</p>
      <h3 id="SETTINGS">3.2. Settings</h3>
      <dl><dt id="MAX-LOG-SIZE">max_log_size (integer)</dt><dd><p>How large the log may grow between
      two checkpoints. Raise it if checkpoints happen more often than every five minutes, because
      each of them writes all changed pages. The default is one gigabyte.</p></dd>
      <dt id="SYNC">sync (boolean)</dt><dd><p>With this on, which is the default, the server forces
      every change to the disk before it reports it as done. Turning it off makes writing faster,
      and a loss of power may then damage the tables.</p></dd></dl>
      </div></body></html>
      """;

  static final String VACUUM =
      """
      <html><head><title>4. Sweeping</title></head><body><div id="SWEEP"><h2>4. Sweeping</h2>
      <p>The older versions of a row are kept as long as a transaction may still see them, so that
      readers never wait for writers. Afterwards these dead rows take up space until a sweep takes
      it back for the next rows of the same table.</p>
      <h3 id="SWEEP-KINDS">4.1. Plain and full sweeps</h3>
      <p>A plain sweep marks the space of dead rows as free and runs beside reading and writing. A
      full sweep rewrites the whole table without them, which gives disk space back to the system
      but locks the table until it is done.</p></div></body></html>
      """;

  static final String BACKUP =
      """
      # Backup

      A dump is taken without stopping the server: it sees the tables as they were at its start,
      while others go on writing. It is a single file that any later version can read.

      ## Restoring

      To restore one table only, name it with `--table NAME`; the other tables of the dump are left
      out. The table must not exist yet, unless `--clean` drops it first.
      """;

  static final String CONTENTS =
      """
      <html><head><title>Contents</title></head><body><ul>
      <li><a href="log.html">The log</a></li><li><a href="log.html">Recovery after a crash</a></li>
      <li><a href="vacuum.html">Sweeping tables and recovering disk space</a></li>
      <li><a href="backup.html">Backup, restore of a single table</a></li></ul></body></html>
      """;

  static final String GARDEN =
      """
      ROSES

      Roses want sun and deep soil. Water them twice a week in summer, in the morning and at the
      foot, for wet leaves invite mildew. Cut them back in early spring, when the forsythia flowers.
      """;

  static final String LIMITS =
      """
      item,greatest value,remark
      database size,unlimited,
      columns per table,1600,fewer if the types are wide
      size of a field,1 GB,
      """;
}
