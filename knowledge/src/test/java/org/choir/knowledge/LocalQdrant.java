package org.choir.knowledge;

import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.qdrant.client.grpc.Collections.CollectionExists;
import io.qdrant.client.grpc.Collections.CollectionExistsRequest;
import io.qdrant.client.grpc.Collections.CollectionExistsResponse;
import io.qdrant.client.grpc.Collections.CollectionOperationResponse;
import io.qdrant.client.grpc.Collections.CreateCollection;
import io.qdrant.client.grpc.Collections.DeleteCollection;
import io.qdrant.client.grpc.CollectionsGrpc;
import io.qdrant.client.grpc.Common.Condition;
import io.qdrant.client.grpc.Common.FieldCondition;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.CountPoints;
import io.qdrant.client.grpc.Points.CountResponse;
import io.qdrant.client.grpc.Points.CountResult;
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection;
import io.qdrant.client.grpc.Points.DeletePoints;
import io.qdrant.client.grpc.Points.DenseVector;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.PointsOperationResponse;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.QueryResponse;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScoredPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import io.qdrant.client.grpc.Points.UpdateResult;
import io.qdrant.client.grpc.Points.UpdateStatus;
import io.qdrant.client.grpc.Points.UpsertPoints;
import io.qdrant.client.grpc.Points.VectorOutput;
import io.qdrant.client.grpc.Points.VectorsOutput;
import io.qdrant.client.grpc.Points.WithPayloadSelector;
import io.qdrant.client.grpc.PointsGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A server on this machine that speaks Qdrant's gRPC and keeps what it is told, by an exact scan;
 * checks the key, refuses what Qdrant refuses, and fails on demand.
 */
final class LocalQdrant implements AutoCloseable {
  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);

  private final Server server;
  private final Map<String, Stored> collections = new ConcurrentHashMap<>();
  private final Queue<Status> troubles = new ConcurrentLinkedQueue<>();
  final Set<String> indexed = ConcurrentHashMap.newKeySet();
  private final String key;

  /** A collection: its dimensions and points by id. */
  private record Stored(long size, Map<String, PointStruct> points) {}

  LocalQdrant(String key) throws IOException {
    this.key = key;
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(new Collections())
            .addService((BindableService) new Points())
            .intercept(new Door())
            .build()
            .start();
  }

  URI address() {
    return URI.create(
        "http://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + server.getPort());
  }

  /** The next call fails so; OK means that it is never answered. */
  void next(Status trouble) {
    troubles.add(trouble);
  }

  Set<String> collections() {
    return Set.copyOf(collections.keySet());
  }

  private final class Door implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      Status trouble = troubles.poll();
      if (trouble != null && trouble.isOk()) {
        return new ServerCall.Listener<>() {};
      }
      if (trouble == null && !key.isEmpty() && !key.equals(headers.get(KEY))) {
        trouble =
            Status.UNAUTHENTICATED.withDescription(
                "Must provide an API key, not " + headers.get(KEY));
      }
      if (trouble != null) {
        call.close(trouble, new Metadata());
        return new ServerCall.Listener<>() {};
      }
      return next.startCall(call, headers);
    }
  }

  private static <T> void answer(StreamObserver<T> to, T answer) {
    to.onNext(answer);
    to.onCompleted();
  }

  /** A collection that is there, or Qdrant's error. */
  private Stored stored(String name, StreamObserver<?> to) {
    Stored stored = collections.get(name);
    if (stored == null) {
      to.onError(
          Status.NOT_FOUND
              .withDescription("Not found: Collection `" + name + "` doesn't exist!")
              .asRuntimeException());
      return new Stored(-1, Map.of());
    }
    return stored;
  }

  private final class Collections extends CollectionsGrpc.CollectionsImplBase {
    @Override
    public void collectionExists(
        CollectionExistsRequest request, StreamObserver<CollectionExistsResponse> to) {
      answer(
          to,
          CollectionExistsResponse.newBuilder()
              .setResult(
                  CollectionExists.newBuilder()
                      .setExists(collections.containsKey(request.getCollectionName())))
              .build());
    }

    @Override
    public void create(CreateCollection request, StreamObserver<CollectionOperationResponse> to) {
      long size = request.getVectorsConfig().getParams().getSize();
      Stored fresh = new Stored(size, new TreeMap<>());
      if (collections.putIfAbsent(request.getCollectionName(), fresh) == null) {
        answer(to, CollectionOperationResponse.newBuilder().setResult(true).build());
      } else {
        to.onError(Status.ALREADY_EXISTS.asRuntimeException());
      }
    }

    @Override
    public void delete(DeleteCollection request, StreamObserver<CollectionOperationResponse> to) {
      boolean was = collections.remove(request.getCollectionName()) != null;
      answer(to, CollectionOperationResponse.newBuilder().setResult(was).build());
    }
  }

  private final class Points extends PointsGrpc.PointsImplBase {
    private void done(StreamObserver<PointsOperationResponse> to) {
      answer(
          to,
          PointsOperationResponse.newBuilder()
              .setResult(UpdateResult.newBuilder().setStatus(UpdateStatus.Completed))
              .build());
    }

    @Override
    public void createFieldIndex(
        CreateFieldIndexCollection request, StreamObserver<PointsOperationResponse> to) {
      indexed.add(request.getFieldName());
      done(to);
    }

    @Override
    public void upsert(UpsertPoints request, StreamObserver<PointsOperationResponse> to) {
      Stored stored = stored(request.getCollectionName(), to);
      if (stored.size() < 0) {
        return;
      }
      for (PointStruct point : request.getPointsList()) {
        int size = vector(point).size();
        if (size != stored.size()) {
          to.onError(
              Status.INVALID_ARGUMENT
                  .withDescription(
                      "Wrong input: Vector dimension error: expected dim: "
                          + stored.size()
                          + ", got "
                          + size)
                  .asRuntimeException());
          return;
        }
      }
      synchronized (stored) {
        request.getPointsList().forEach(p -> stored.points().put(p.getId().getUuid(), p));
      }
      done(to);
    }

    @Override
    public void delete(DeletePoints request, StreamObserver<PointsOperationResponse> to) {
      Stored stored = stored(request.getCollectionName(), to);
      if (stored.size() >= 0) {
        synchronized (stored) {
          stored.points().values().removeIf(p -> meets(request.getPoints().getFilter(), p));
        }
        done(to);
      }
    }

    @Override
    public void count(CountPoints request, StreamObserver<CountResponse> to) {
      Stored stored = stored(request.getCollectionName(), to);
      if (stored.size() >= 0) {
        long count = found(stored, request.getFilter()).size();
        answer(
            to,
            CountResponse.newBuilder().setResult(CountResult.newBuilder().setCount(count)).build());
      }
    }

    @Override
    public void query(QueryPoints request, StreamObserver<QueryResponse> to) {
      Stored stored = stored(request.getCollectionName(), to);
      if (stored.size() < 0) {
        return;
      }
      List<Float> asked = request.getQuery().getNearest().getDense().getDataList();
      QueryResponse.Builder response = QueryResponse.newBuilder();
      found(stored, request.getFilter()).stream()
          .map(
              p ->
                  ScoredPoint.newBuilder()
                      .setId(p.getId())
                      .setScore((float) dot(asked, vector(p)))
                      .putAllPayload(payload(p, request.getWithPayload()))
                      .build())
          .sorted(Comparator.comparingDouble((ScoredPoint p) -> -p.getScore()))
          .limit(request.getLimit())
          .forEach(response::addResult);
      answer(to, response.build());
    }

    @Override
    public void scroll(ScrollPoints request, StreamObserver<ScrollResponse> to) {
      Stored stored = stored(request.getCollectionName(), to);
      if (stored.size() < 0) {
        return;
      }
      ScrollResponse.Builder response = ScrollResponse.newBuilder();
      for (PointStruct point : found(stored, request.getFilter())) {
        if (request.hasOffset()
            && point.getId().getUuid().compareTo(request.getOffset().getUuid()) < 0) {
          continue;
        }
        if (response.getResultCount() == request.getLimit()) {
          response.setNextPageOffset(point.getId());
          break;
        }
        RetrievedPoint.Builder one =
            RetrievedPoint.newBuilder()
                .setId(point.getId())
                .putAllPayload(payload(point, request.getWithPayload()));
        if (request.getWithVectors().getEnable()) {
          one.setVectors(
              VectorsOutput.newBuilder()
                  .setVector(
                      VectorOutput.newBuilder()
                          .setDense(DenseVector.newBuilder().addAllData(vector(point)))));
        }
        response.addResult(one);
      }
      answer(to, response.build());
    }
  }

  private static Map<String, Value> payload(PointStruct point, WithPayloadSelector wanted) {
    Map<String, Value> payload = new TreeMap<>(point.getPayloadMap());
    if (wanted.hasInclude()) {
      payload.keySet().retainAll(new HashSet<>(wanted.getInclude().getFieldsList()));
    } else if (!wanted.getEnable()) {
      payload.clear();
    }
    return payload;
  }

  private static List<Float> vector(PointStruct point) {
    return point.getVectors().getVector().getDense().getDataList();
  }

  private static double dot(List<Float> a, List<Float> b) {
    double sum = 0;
    for (int i = 0; i < a.size(); i++) {
      sum += (double) a.get(i) * b.get(i);
    }
    return sum;
  }

  private static List<PointStruct> found(Stored stored, Filter filter) {
    synchronized (stored) {
      return new ArrayList<>(
          stored.points().values().stream().filter(p -> meets(filter, p)).toList());
    }
  }

  private static boolean meets(Filter filter, PointStruct point) {
    return filter.getMustList().stream().allMatch(c -> meets(c, point))
        && filter.getMustNotList().stream().noneMatch(c -> meets(c, point));
  }

  private static boolean meets(Condition condition, PointStruct point) {
    if (condition.hasHasId()) {
      List<PointId> ids = condition.getHasId().getHasIdList();
      return ids.contains(point.getId());
    }
    FieldCondition field = condition.getField();
    Value value = point.getPayloadOrDefault(field.getKey(), Value.getDefaultInstance());
    if (field.hasRange()) {
      long number = value.getIntegerValue();
      return (!field.getRange().hasGte() || number >= field.getRange().getGte())
          && (!field.getRange().hasLt() || number < field.getRange().getLt());
    }
    return field.getMatch().hasKeywords()
        ? field.getMatch().getKeywords().getStringsList().contains(value.getStringValue())
        : field.getMatch().getKeyword().equals(value.getStringValue());
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
