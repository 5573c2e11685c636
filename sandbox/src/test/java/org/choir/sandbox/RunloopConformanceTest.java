package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import org.choir.sandbox.hosted.HostedService;
import org.choir.sandbox.hosted.LocalService;
import org.choir.sandbox.runloop.LocalRunloop;
import org.choir.sandbox.runloop.RunloopService;

/** Runloop, as a local service. */
class RunloopConformanceTest extends HostedConformance {
  @Override
  String place() {
    return "runloop (local service)";
  }

  @Override
  LocalService service(Path at) throws IOException {
    return new LocalRunloop(at);
  }

  @Override
  HostedService adapter(LocalService local) {
    return new RunloopService(((LocalRunloop) local).options(LocalRunloop.key()));
  }
}
