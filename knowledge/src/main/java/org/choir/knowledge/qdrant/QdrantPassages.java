package org.choir.knowledge.qdrant;

import io.qdrant.client.ConditionFactory;
import io.qdrant.client.QdrantClient;
import io.qdrant.client.QdrantGrpcClient;
import io.qdrant.client.QueryFactory;
import io.qdrant.client.WithPayloadSelectorFactory;
import io.qdrant.client.WithVectorsSelectorFactory;
import io.qdrant.client.grpc.Collections.CreateCollection;
import io.qdrant.client.grpc.Collections.Distance;
import io.qdrant.client.grpc.Collections.PayloadSchemaType;
import io.qdrant.client.grpc.Collections.VectorParams;
import io.qdrant.client.grpc.Collections.VectorsConfig;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.DeletePoints;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.PointsSelector;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScoredPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import io.qdrant.client.grpc.Points.UpsertPoints;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.IndexRow;
import org.choir.knowledge.PassageIndex;
import org.choir.model.PlatformCredential;
import org.jspecify.annotations.Nullable;

/**
 * The vectors of one model in a collection of a Qdrant, which is made with the first of them. Rows
 * without a vector are not kept. Changes wait here until they are committed, or until there are
 * many, and are kept if the server does not answer. An article's new points are written before its
 * old ones go, so that a search never misses it.
 */
public final class QdrantPassages implements PassageIndex.ByVectors {
  private static final int BATCH = 64;
  private static final int PAGE = 128;
  private static final int WAITING_MAX = 1_000;

  /** The graph is searched wider than asked, which is what makes it find the true neighbours. */
  private static final long WIDTH_MIN = 128;

  private final QdrantClient client;
  private final Calls calls;
  private final String collection;
  private final Map<String, List<IndexRow>> waiting = new LinkedHashMap<>();
  private volatile boolean exists;

  private QdrantPassages(QdrantServer server, String collection) {
    QdrantGrpcClient.Builder transport =
        QdrantGrpcClient.newBuilder(server.address().getHost(), server.port(), server.tls(), false);
    @Nullable PlatformCredential key = server.key();
    if (key != null) {
      transport.withApiKey(key.reveal());
    }
    this.client = new QdrantClient(transport.build());
    this.calls = new Calls(server);
    this.collection = collection;
  }

  /**
   * An index that has not asked yet.
   *
   * @param model whose vectors it holds; another has another collection
   */
  public static QdrantPassages open(QdrantServer server, String model) {
    return new QdrantPassages(server, "choir-" + Digest.of(model).prefix(12));
  }

  @Override
  public synchronized void put(String article, List<IndexRow> rows) {
    waiting.put(article, rows.stream().filter(r -> r.vector().length > 0).toList());
    if (waiting.size() >= WAITING_MAX) {
      commit();
    }
  }

  @Override
  public void remove(String article) {
    put(article, List.of());
  }

  @Override
  public synchronized void commit() {
    List<IndexRow> rows = waiting.values().stream().flatMap(List::stream).toList();
    if (!rows.isEmpty()) {
      create(rows.getFirst().vector().length);
    }
    for (int from = 0; from < rows.size(); from += BATCH) {
      upsert(rows.subList(from, Math.min(rows.size(), from + BATCH)));
    }
    if (exists()) {
      waiting.forEach(this::deleteOthers);
    }
    waiting.clear();
  }

  private void upsert(List<IndexRow> rows) {
    List<PointStruct> points = rows.stream().map(RowPoints::point).toList();
    UpsertPoints request =
        UpsertPoints.newBuilder()
            .setCollectionName(collection)
            .setWait(true)
            .addAllPoints(points)
            .build();
    calls.ask("store " + points.size() + " points", left -> client.upsertAsync(request, left));
  }

  /** Takes out what is there of an article beside these rows. */
  private void deleteOthers(String article, List<IndexRow> rows) {
    var others = RowPoints.article(article).toBuilder();
    if (!rows.isEmpty()) {
      List<PointId> ids = rows.stream().map(RowPoints::id).toList();
      others.addMustNot(ConditionFactory.hasId(ids));
    }
    DeletePoints request =
        DeletePoints.newBuilder()
            .setCollectionName(collection)
            .setWait(true)
            .setPoints(PointsSelector.newBuilder().setFilter(others))
            .build();
    calls.ask("delete points", left -> client.deleteAsync(request, left));
  }

  private boolean exists() {
    if (!exists) {
      exists =
          calls.ask(
              "look for a collection", left -> client.collectionExistsAsync(collection, left));
    }
    return exists;
  }

  private void create(int dimensions) {
    if (exists()) {
      return;
    }
    CreateCollection request =
        CreateCollection.newBuilder()
            .setCollectionName(collection)
            .setVectorsConfig(
                VectorsConfig.newBuilder()
                    .setParams(
                        VectorParams.newBuilder()
                            .setSize(dimensions)
                            // Vectors have length 1, so that the dot product is the cosine.
                            .setDistance(Distance.Dot)))
            .build();
    calls.ask("create a collection", left -> client.createCollectionAsync(request, left));
    RowPoints.KEYWORDS.forEach(name -> index(name, PayloadSchemaType.Keyword));
    index("published", PayloadSchemaType.Integer);
    exists = true;
  }

  private void index(String field, PayloadSchemaType type) {
    calls.ask(
        "index a payload",
        left -> client.createPayloadIndexAsync(collection, field, type, null, true, null, left));
  }

  @Override
  public List<Hit> nearest(float[] vector, String model, Filter filter, int limit) {
    if (!exists()) {
      return List.of();
    }
    QueryPoints request =
        QueryPoints.newBuilder()
            .setCollectionName(collection)
            .setQuery(QueryFactory.nearest(vector))
            .setFilter(RowPoints.of(model, filter))
            .setLimit(limit)
            .setParams(
                io.qdrant.client.grpc.Points.SearchParams.newBuilder()
                    .setHnswEf(Math.max(WIDTH_MIN, limit)))
            .setWithPayload(WithPayloadSelectorFactory.include(List.of("key", "article")))
            .build();
    List<Hit> hits = new ArrayList<>();
    for (ScoredPoint point : calls.ask("search", left -> client.queryAsync(request, left))) {
      Map<String, Value> payload = point.getPayloadMap();
      hits.add(
          new Hit(
              RowPoints.text(payload, "key"),
              RowPoints.text(payload, "article"),
              point.getScore()));
    }
    return hits;
  }

  @Override
  public long embedded(String model) {
    return exists()
        ? calls.ask(
            "count",
            left ->
                client.countAsync(
                    collection, RowPoints.of(model, PassageIndex.Filter.ALL), true, left))
        : 0;
  }

  @Override
  public List<IndexRow> rows() {
    List<IndexRow> rows = new ArrayList<>();
    ScrollPoints.Builder request =
        ScrollPoints.newBuilder()
            .setWithVectors(WithVectorsSelectorFactory.enable(true))
            .setWithPayload(WithPayloadSelectorFactory.enable(true));
    scroll(request, point -> rows.add(RowPoints.row(point)));
    rows.sort(Comparator.comparing(IndexRow::key));
    return rows;
  }

  @Override
  public Map<String, Held> held() {
    Map<String, Held> held = new HashMap<>();
    ScrollPoints.Builder request =
        ScrollPoints.newBuilder()
            .setWithPayload(
                WithPayloadSelectorFactory.include(List.of("article", "version", "model")));
    scroll(
        request,
        point -> {
          Map<String, Value> payload = point.getPayloadMap();
          held.put(
              RowPoints.text(payload, "article"),
              new Held(
                  (int) RowPoints.number(payload, "version"), RowPoints.text(payload, "model")));
        });
    return held;
  }

  private void scroll(ScrollPoints.Builder request, Consumer<RetrievedPoint> each) {
    if (!exists()) {
      return;
    }
    request.setCollectionName(collection).setLimit(PAGE);
    while (true) {
      ScrollPoints asked = request.build();
      ScrollResponse page = calls.ask("list points", left -> client.scrollAsync(asked, left));
      page.getResultList().forEach(each);
      if (!page.hasNextPageOffset()) {
        return;
      }
      request.setOffset(page.getNextPageOffset());
    }
  }

  @Override
  public synchronized void drop() {
    waiting.clear();
    if (exists()) {
      calls.ask("delete a collection", this::deleted);
    }
    close();
  }

  private com.google.common.util.concurrent.ListenableFuture<
          io.qdrant.client.grpc.Collections.CollectionOperationResponse>
      deleted(Duration left) {
    return client.deleteCollectionAsync(collection, left);
  }

  /**
   * Writes what waits; what the server does not take is made good at the next start.
   *
   * @throws ChoirException never: the index is a projection
   */
  @Override
  public void close() {
    try {
      if (!waiting.isEmpty()) {
        commit();
      }
    } catch (ChoirException e) {
      System.getLogger(QdrantPassages.class.getName())
          .log(System.Logger.Level.WARNING, "changes were not written", e);
    } finally {
      client.close();
    }
  }
}
