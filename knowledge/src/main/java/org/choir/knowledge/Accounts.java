package org.choir.knowledge;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.database.Database;

/** Whose the accounts are, and with which of them trust begins. Thread-safe. */
final class Accounts {
  private static final Pattern ACCOUNT = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

  private final Database database;
  private final InstantSource clock;

  Accounts(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /** See {@link KnowledgeBase#account}. */
  void put(String name, String owner, boolean seed, String by) {
    for (String account : List.of(name, owner)) {
      if (!ACCOUNT.matcher(account).matches()) {
        throw ChoirException.usage(
            "bad_account",
            "'" + account + "' is not the name of an account",
            "use letters, digits and . _ @ -, at most 64");
      }
    }
    Instant now = clock.instant();
    database.transaction(
        c -> {
          ArticleTable.announce(
              c,
              "account-" + name + "-" + now.toEpochMilli(),
              "kb.account." + Digest.of(name).prefix(12),
              by,
              "account",
              Json.object().put("account", name).put("owner", owner).put("seed", seed),
              now);
          return ArticleTable.update(
              c,
              "insert into knowledge.account (name, owner, seed) values (?, ?, ?)"
                  + " on conflict (name) do update set owner = excluded.owner, seed ="
                  + " excluded.seed",
              s -> {
                s.setString(1, name);
                s.setString(2, owner);
                s.setBoolean(3, seed);
              });
        });
  }
}
