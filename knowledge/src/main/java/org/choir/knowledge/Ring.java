package org.choir.knowledge;

import java.util.List;

/**
 * A group that cites itself far more than its field has it, with the reasons a person needs to
 * judge it. Detection freezes pay and shows this; it never punishes by itself.
 *
 * @param members sorted
 * @param p the probability of so many citations inside the group if all cited as their fields do,
 *     corrected for the number of groups looked at
 * @param inside citations among the members
 * @param expected how many were to be expected
 * @param roles one per member, in their order
 */
public record Ring(
    List<String> members, double p, double inside, double expected, List<Role> roles) {
  public Ring {
    members = List.copyOf(members);
    roles = List.copyOf(roles);
  }

  /**
   * A member's part.
   *
   * @param gives the share of its own citations that go to members beyond what is expected, 0 to 1
   * @param receives the share of the citations it gets that come from members beyond what is
   *     expected, 0 to 1
   */
  public record Role(String member, double gives, double receives) {}
}
