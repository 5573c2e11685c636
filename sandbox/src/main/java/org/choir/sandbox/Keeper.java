package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;

/**
 * Requests to a guest with a secret in them: they go to a process of the guest that lives for that
 * one request, in a {@link KeeperBox}.
 */
final class Keeper {
  private Keeper() {}

  /**
   * Performs one.
   *
   * @param plain what only the keeper reads; cleared by its owner
   */
  static JsonNode ask(GuestVm guest, ObjectNode request, byte[] plain) {
    return guest
        .requests()
        .call(
            request,
            call -> {
              Frame offer = call.next(GuestVm.PATIENCE);
              if (offer == null) {
                throw guest.link().broken("a keeper without a key");
              }
              send(guest, call, seal(guest, offer.body(), plain));
              if (call.next(GuestVm.PATIENCE) != null) {
                throw guest.link().broken("more data than a keeper's key");
              }
              return call.result();
            });
  }

  private static byte[] seal(GuestVm guest, byte[] guestPublic, byte[] plain) {
    try {
      return KeeperBox.seal(guestPublic, plain);
    } catch (IllegalArgumentException e) {
      throw guest.link().broken("a keeper's key that is none");
    }
  }

  private static void send(GuestVm guest, Call call, byte[] bytes) {
    for (int at = 0; at < bytes.length; ) {
      int n = call.takeCredit(Math.min(bytes.length - at, Frame.CHUNK), GuestVm.PATIENCE);
      if (n == 0) {
        throw guest.link().broken("it ended a request before it had it whole");
      }
      byte[] chunk = Arrays.copyOfRange(bytes, at, at + n);
      guest.link().send(new Frame(call.id(), Frame.DATA, (byte) 0, chunk), GuestVm.PATIENCE);
      at += n;
    }
    guest.link().send(Frame.empty(call.id(), Frame.FINISH), GuestVm.PATIENCE);
  }
}
