package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.choir.core.RunId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeliveryTest {
  @TempDir Path runs;

  @Test
  void aForgottenRunLeavesNothingNotEvenThePagesFetchedForIt() throws Exception {
    RunId run = new RunId("rabc1234");
    Delivery delivery = new Delivery(runs);
    delivery.forget(run);
    byte[] text = "x".getBytes(StandardCharsets.UTF_8);
    delivery.deliver(run, text, text);
    Path fetched = Files.createDirectories(runs.resolve("rabc1234/fetched"));
    Files.writeString(fetched.resolve("page.html"), "x");
    delivery.forget(run);
    assertThat(runs).isEmptyDirectory();
  }
}
