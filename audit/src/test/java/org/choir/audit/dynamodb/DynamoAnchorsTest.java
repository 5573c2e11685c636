package org.choir.audit.dynamodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorCheck;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorKeeper;
import org.choir.audit.LogKey;
import org.choir.audit.LogOptions;
import org.choir.audit.TenantLog;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/** Anchors in DynamoDB's own local server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DynamoAnchorsTest {
  private static final String TABLE = "choir-anchors";
  private static final Path DEPLOY =
      Path.of(System.getProperty("choir.repository", "..")).resolve("deploy/audit");
  private final LogKey key = LogKey.generate("choir.test/acme", new SecureRandom());
  private final AnchorKeeper keeper = new AnchorKeeper(() -> Instant.ofEpochSecond(1_800_000_000L));
  private final Path folder;
  private final int port;
  private final DynamoDBProxyServer server;
  private final DynamoDbClient client;
  private final DynamoAnchors anchors;

  DynamoAnchorsTest(@TempDir Path folder) throws Exception {
    this.folder = folder;
    try (ServerSocket socket = new ServerSocket(0)) {
      this.port = socket.getLocalPort();
    }
    this.server =
        ServerRunner.createServerFromCommandLineArgs(
            new String[] {"-inMemory", "-port", Integer.toString(port), "-disableTelemetry"});
    server.start();
    this.client = client(port);
    JsonNode table =
        Json.parseObject(Files.readString(DEPLOY.resolve("table.json")))
            .at("/Resources/Anchors/Properties");
    client.createTable(request(table));
    this.anchors = new DynamoAnchors(client, TABLE);
  }

  private static DynamoDbClient client(int port) {
    return DynamoDbClient.builder()
        .region(Region.EU_CENTRAL_1)
        .endpointOverride(URI.create("http://127.0.0.1:" + port))
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
        .httpClientBuilder(UrlConnectionHttpClient.builder())
        .build();
  }

  /** The table as deploy/audit/table.json describes it. */
  private static CreateTableRequest request(JsonNode table) {
    List<AttributeDefinition> attributes = new ArrayList<>();
    table
        .path("AttributeDefinitions")
        .forEach(
            a ->
                attributes.add(
                    AttributeDefinition.builder()
                        .attributeName(a.path("AttributeName").asText())
                        .attributeType(
                            ScalarAttributeType.fromValue(a.path("AttributeType").asText()))
                        .build()));
    List<KeySchemaElement> keys = new ArrayList<>();
    table
        .path("KeySchema")
        .forEach(
            k ->
                keys.add(
                    KeySchemaElement.builder()
                        .attributeName(k.path("AttributeName").asText())
                        .keyType(KeyType.fromValue(k.path("KeyType").asText()))
                        .build()));
    return CreateTableRequest.builder()
        .tableName(TABLE)
        .attributeDefinitions(attributes)
        .keySchema(keys)
        .billingMode(BillingMode.PAY_PER_REQUEST)
        .build();
  }

  @AfterAll
  void stop() throws Exception {
    anchors.close();
    server.stop();
  }

  private List<Anchor> chain(String tenant) {
    String origin = "choir.test/" + tenant;
    LogKey own = tenant.equals("acme") ? key : LogKey.generate(origin, new SecureRandom());
    LogOptions options = LogOptions.of(Thread.ofPlatform().daemon().factory());
    try (TenantLog log =
        TenantLog.open(folder.resolve(tenant), new TenantId(tenant), origin, own, options)) {
      for (int i = 0; i < 4; i++) {
        log.append(new byte[] {(byte) i});
        keeper.anchor(log, anchors);
      }
    }
    return anchors.all(origin);
  }

  @Test
  void keepsOneBackLinkedChainPerTenantAndShowsWhatIsDoneToIt() {
    List<Anchor> all = chain("acme");
    assertThat(all).extracting(Anchor::size).containsExactly(1L, 2L, 3L, 4L);
    assertThat(anchors.last("choir.test/acme")).map(Anchor::number).contains(3L);
    assertThat(chain("other")).hasSize(4).noneMatch(all::contains);
    assertThat(findings()).isEmpty();
    // A put of what is there already is a lost answer; of anything else it is refused.
    Anchor last = all.getLast();
    anchors.put(last, null_());
    Anchor forged = Anchor.parse(last.note().replace("time 18", "time 19"), new byte[0]);
    assertThatThrownBy(() -> anchors.put(forged, null_()))
        .isInstanceOfSatisfying(
            AnchorException.class, e -> assertThat(e.code()).isEqualTo("anchor_exists"));
    // What the writer's role can still do: overwrite by a plain put.
    Map<String, AttributeValue> second = item("choir.test/acme", 2);
    Map<String, AttributeValue> changed = new HashMap<>(second);
    changed.put("note", AttributeValue.fromS(all.get(1).note().replace("time 18", "time 19")));
    client.putItem(PutItemRequest.builder().tableName(TABLE).item(changed).build());
    assertThat(findings()).contains("anchor_overwritten", "anchor_forged");
    client.deleteItem(
        DeleteItemRequest.builder().tableName(TABLE).key(place("choir.test/acme", 2)).build());
    assertThat(findings()).containsExactly("anchor_missing");
    client.putItem(PutItemRequest.builder().tableName(TABLE).item(second).build());
    assertThat(findings()).isEmpty();
  }

  @SuppressWarnings("NullAway") // this store asks for no proofs
  private static org.choir.audit.AnchorProofs null_() {
    return null;
  }

  private static Map<String, AttributeValue> place(String origin, long size) {
    return Map.of(
        "tenant", AttributeValue.fromS(origin), "size", AttributeValue.fromN(Long.toString(size)));
  }

  private Map<String, AttributeValue> item(String origin, long size) {
    return client
        .getItem(GetItemRequest.builder().tableName(TABLE).key(place(origin, size)).build())
        .item();
  }

  private List<String> findings() {
    return AnchorCheck.check(folder.resolve("acme"), key.shown().vkey(), List.of(anchors))
        .findings()
        .stream()
        .map(AnchorCheck.Finding::kind)
        .toList();
  }

  @Test
  void aTableThatIsNotThereIsTold() {
    try (DynamoAnchors elsewhere = new DynamoAnchors(client(port), "no-such-table")) {
      assertThatThrownBy(() -> elsewhere.all("choir.test/acme"))
          .isInstanceOfSatisfying(
              AnchorException.class, e -> assertThat(e.code()).isEqualTo("anchor_unreachable"));
    }
  }

  @Test
  void theWritersPolicyAllowsPuttingItsOwnItemsAndDeniesEveryOtherChange() throws Exception {
    JsonNode policy = Json.parseObject(Files.readString(DEPLOY.resolve("writer-policy.json")));
    List<String> allowed = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    for (JsonNode statement : policy.path("Statement")) {
      boolean allow = statement.path("Effect").asText().equals("Allow");
      statement.path("Action").forEach(a -> (allow ? allowed : denied).add(a.asText()));
      if (allow) {
        assertThat(statement.at("/Condition").toString()).contains("dynamodb:LeadingKeys");
      }
    }
    assertThat(allowed).containsExactlyInAnyOrder("dynamodb:PutItem", "dynamodb:Query");
    assertThat(denied)
        .contains(
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:PartiQL*",
            "dynamodb:UpdateTable",
            "dynamodb:DeleteTable",
            "dynamodb:UpdateContinuousBackups");
    JsonNode table =
        Json.parseObject(Files.readString(DEPLOY.resolve("table.json")))
            .at("/Resources/Anchors/Properties");
    assertThat(table.path("DeletionProtectionEnabled").asBoolean()).isTrue();
    assertThat(table.at("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled").asBoolean())
        .isTrue();
    JsonNode alarms = Json.parseObject(Files.readString(DEPLOY.resolve("alarms.json")));
    JsonNode late = alarms.at("/Resources/LateAnchor/Properties");
    assertThat(late.path("TreatMissingData").asText()).isEqualTo("breaching");
    assertThat(alarms.at("/Resources/ChangedAnchor/Type").asText())
        .isEqualTo("AWS::CloudWatch::Alarm");
  }
}
