package org.choir.audit.dynamodb;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorProofs;
import org.choir.audit.AnchorStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;

/**
 * Anchors in one DynamoDB table, partition key {@code tenant} (the log's origin), sort key {@code
 * size}: conditional puts, strongly consistent reads. {@code deploy/audit/} has the table, the
 * policies and the alarms.
 */
public final class DynamoAnchors implements AnchorStore {
  private static final String KIND = "dynamodb";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private final DynamoDbClient client;
  private final String table;

  /**
   * Where the table is. Credentials come from the usual places of the AWS SDK.
   *
   * @param endpoint another address than the region's, or null
   */
  public record Options(String region, String table, @Nullable URI endpoint) {}

  DynamoAnchors(DynamoDbClient client, String table) {
    this.client = client;
    this.table = table;
  }

  /** Opens the table's client; nothing is asked of it yet. */
  public static DynamoAnchors open(Options options) {
    DynamoDbClientBuilder builder =
        DynamoDbClient.builder()
            .region(Region.of(options.region()))
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .overrideConfiguration(
                ClientOverrideConfiguration.builder().apiCallTimeout(TIMEOUT).build());
    if (options.endpoint() != null) {
      builder.endpointOverride(options.endpoint());
    }
    return new DynamoAnchors(builder.build(), options.table());
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public String protects() {
    return "A table of another administrator shows a log that was rolled back, cut, rewritten or"
        + " forked. With the policy in deploy/audit the writer may only put items of its own tenant."
        + " It may still overwrite one item by a plain put, or put none: the link from the next"
        + " anchor, the signature and the alarms show that, and an outside witness. It does not"
        + " protect against the owner of the AWS account.";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    PutItemRequest put =
        PutItemRequest.builder()
            .tableName(table)
            .item(
                Map.of(
                    "tenant", AttributeValue.fromS(anchor.origin()),
                    "size", AttributeValue.fromN(Long.toString(anchor.size())),
                    "number", AttributeValue.fromN(Long.toString(anchor.number())),
                    "root", AttributeValue.fromS(anchor.root().hex()),
                    "previous", AttributeValue.fromS(anchor.previous().hex()),
                    "note", AttributeValue.fromS(anchor.note()),
                    "evidence", AttributeValue.fromB(SdkBytes.fromByteArray(anchor.evidence()))))
            .conditionExpression("attribute_not_exists(tenant)")
            .build();
    try {
      client.putItem(put);
    } catch (ConditionalCheckFailedException e) {
      if (!isThere(anchor)) {
        throw AnchorException.exists(KIND, anchor, e);
      }
      // The SDK's own second try met the first, whose answer was lost.
    } catch (SdkException e) {
      throw AnchorException.unreachable(KIND, "" + e.getMessage(), e);
    }
  }

  private boolean isThere(Anchor anchor) {
    return last(anchor.origin()).filter(a -> a.note().equals(anchor.note())).isPresent();
  }

  @Override
  public List<Anchor> all(String origin) {
    return query(request(origin).build(), Integer.MAX_VALUE);
  }

  @Override
  public Optional<Anchor> last(String origin) {
    List<Anchor> last = query(request(origin).scanIndexForward(false).limit(1).build(), 1);
    return last.isEmpty() ? Optional.empty() : Optional.of(last.getFirst());
  }

  private QueryRequest.Builder request(String origin) {
    return QueryRequest.builder()
        .tableName(table)
        .consistentRead(true)
        .keyConditionExpression("tenant = :tenant")
        .expressionAttributeValues(Map.of(":tenant", AttributeValue.fromS(origin)));
  }

  private List<Anchor> query(QueryRequest request, int max) {
    List<Anchor> anchors = new ArrayList<>();
    try {
      for (Map<String, AttributeValue> item : client.queryPaginator(request).items()) {
        if (anchors.size() == max) {
          break;
        }
        AttributeValue note = item.get("note");
        AttributeValue evidence = item.get("evidence");
        anchors.add(
            Anchor.parse(
                note == null || note.s() == null ? "" : note.s(),
                evidence == null || evidence.b() == null
                    ? new byte[0]
                    : evidence.b().asByteArray()));
      }
    } catch (SdkException e) {
      throw AnchorException.unreachable(KIND, "" + e.getMessage(), e);
    }
    return anchors;
  }

  @Override
  public void close() {
    client.close();
  }
}
