package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import org.choir.sandbox.e2b.E2bService;
import org.choir.sandbox.e2b.LocalE2b;
import org.choir.sandbox.hosted.HostedService;
import org.choir.sandbox.hosted.LocalService;

/** E2B, as a local service. */
class E2bConformanceTest extends HostedConformance {
  @Override
  String place() {
    return "e2b (local service)";
  }

  @Override
  LocalService service(Path at) throws IOException {
    return new LocalE2b(at);
  }

  @Override
  HostedService adapter(LocalService local) {
    return new E2bService(((LocalE2b) local).options(LocalE2b.key()));
  }
}
