#include "serve/grpc/product_service.h"

#include <bit>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"
#include "serve/grpc/message_reader.h"
#include "serve/read/chosen_state.h"
#include "serve/read/read_plan.h"
#include "serve/rest/asked.h"

namespace braid::serve {
namespace {

/// google.protobuf.Timestamp and Duration: seconds and nanoseconds. Nothing: broken, or too large.
std::optional<int64_t> micros_of(std::string_view bytes) {
  int64_t seconds = 0;
  int32_t nanos = 0;
  const bool whole = read_message(bytes, [&](const WireValue& value) {
    if (value.type != WireType::varint) return;
    if (value.number == 1) seconds = static_cast<int64_t>(value.bits);
    if (value.number == 2) nanos = static_cast<int32_t>(value.bits);
  });
  constexpr int64_t kMost = INT64_MAX / kMicrosPerSecond - 1;
  if (!whole || seconds > kMost || seconds < -kMost || nanos <= -1'000'000'000 || nanos >= 1'000'000'000)
    return std::nullopt;
  return seconds * kMicrosPerSecond + nanos / 1'000;
}

void append_timestamp_message(std::string& out, uint32_t number, int64_t micros) {
  const ProtobufColumn column{timestamp_type(), number};
  const Slot slot = slot_i64(micros);
  append_protobuf({&column, 1}, &slot, out);
}

/// What a value on the wire is as text; nothing: it is of another wire type, or no value.
std::optional<std::string> text_of(const ProtobufColumn& column, const WireValue& value) {
  const bool is_varint = value.type == WireType::varint, is_sized = value.type == WireType::sized;
  std::string text;
  switch (column.type->kind) {
    case TypeKind::integer:
      if (!is_varint) return std::nullopt;
      return std::to_string(static_cast<int64_t>(value.bits));
    case TypeKind::boolean:
      if (!is_varint) return std::nullopt;
      return value.bits != 0 ? "true" : "false";
    case TypeKind::floating:
      if (value.type != WireType::fixed64) return std::nullopt;
      append_float(text, std::bit_cast<double>(value.bits));
      return text;
    case TypeKind::timestamp:
    case TypeKind::duration: {
      const std::optional<int64_t> micros = is_sized ? micros_of(value.bytes) : std::nullopt;
      if (!micros) return std::nullopt;
      if (is(column.type, TypeKind::timestamp))
        append_timestamp(text, *micros);
      else
        append_duration_iso(text, *micros);
      return text;
    }
    case TypeKind::enumeration:
      if (is_varint && !column.symbols.empty()) {
        for (size_t i = 0; i < column.symbols.size(); ++i)
          if (column.symbols[i] == static_cast<int32_t>(value.bits)) return column.type->symbols[i];
        return std::nullopt;
      }
      break;
    case TypeKind::bytes:
      if (!is_sized) return std::nullopt;
      append_base64(text, value.bytes);
      return text;
    default:
      break;
  }
  if (!is_sized) return std::nullopt;
  return std::string(value.bytes);
}

/// The value that is not on the wire.
std::string text_of_default(const Type& type) {
  switch (type->kind) {
    case TypeKind::integer:
    case TypeKind::floating:
      return "0";
    case TypeKind::boolean:
      return "false";
    case TypeKind::timestamp:
      return "1970-01-01T00:00:00Z";
    case TypeKind::duration:
      return "PT0S";
    default:
      return "";
  }
}

GrpcPart end_of(const Error& error) {
  return error.kind == ErrorKind::input ? GrpcPart::end(GrpcStatus::invalid_argument, error.message)
                                        : GrpcPart::end(GrpcStatus::internal, error.message);
}

/// A request in the words of a query, which serve/rest reads.
class Asked {
 public:
  /// False: broken.
  bool as_of(std::string_view bytes) {
    return read_message(bytes, [this](const WireValue& value) {
      if (value.number == 1 && value.type == WireType::sized) {
        std::string text;
        if (const std::optional<int64_t> micros = micros_of(value.bytes)) append_timestamp(text, *micros);
        query.emplace_back("as_of", text);
      }
      if (value.number == 2 && value.type == WireType::varint)
        query.emplace_back("at_epoch", std::to_string(value.bits));
    });
  }
  bool condition(std::string_view bytes) {
    static constexpr const char* kOps[] = {"eq", "ne", "lt", "le", "gt", "ge", "null", "null"};
    std::string field, text;
    uint64_t op = 0;
    const bool whole = read_message(bytes, [&](const WireValue& value) {
      if (value.number == 1 && value.type == WireType::sized) field = value.bytes;
      if (value.number == 2 && value.type == WireType::varint) op = value.bits;
      if (value.number == 3 && value.type == WireType::sized) text = value.bytes;
    });
    if (!whole || op >= std::size(kOps)) return false;
    if (op >= 6) text = op == 6 ? "true" : "false";
    query.emplace_back(fmt::format("{}.{}", field, kOps[op]), text);
    return true;
  }
  void field(std::string_view name) {
    if (!fields.empty()) fields += ',';
    fields += name;
  }
  void wait(std::string_view bytes) {
    const std::optional<int64_t> micros = micros_of(bytes);
    query.emplace_back("wait", micros ? fmt::format("{}us", *micros) : "");
  }

  Result<AskedRows> read(const ApiProduct& product, bool one) {
    if (!fields.empty()) query.emplace_back("fields", fields);
    return read_query(product, query, one);
  }

  Query query;

 private:
  std::string fields;
};

/// The state that is asked for, once it is there.
class AtEpoch {
 public:
  AtEpoch(const AskedRows& asked, const ViewHost& host, Clock& clock)
      : asked_(asked), host_(host), clock_(clock), until_us_(clock.steady_us() + asked.wait_us) {}

  /// Null: `part` says why, or that it is still to come.
  std::shared_ptr<const ViewsState> state(GrpcPart& part) const {
    const ChosenState state =
        asked_.pinned_epoch ? kept_state(host_, *asked_.pinned_epoch, "after") : newest_state(host_, asked_.min_epoch);
    if (state.ok()) return *state;
    const NoState& none = state.error();
    const bool waits = none.is == NoState::Is::to_come && clock_.steady_us() < until_us_;
    part = waits ? GrpcPart{} : GrpcPart::end(status_of(none.is), none.message);
    return nullptr;
  }

 private:
  static GrpcStatus status_of(NoState::Is is) {
    switch (is) {
      case NoState::Is::not_ready:
        return GrpcStatus::unavailable;
      case NoState::Is::to_come:
        return GrpcStatus::failed_precondition;
      case NoState::Is::gone:
        return GrpcStatus::out_of_range;
    }
    BRAID_UNREACHABLE("no state");
  }

  const AskedRows& asked_;
  const ViewHost& host_;
  Clock& clock_;
  int64_t until_us_;
};

/// Nothing: the plan can be read.
std::optional<GrpcPart> refusal_of(const ReadPlan& plan, const ViewReader& reader) {
  const Result<std::optional<Refusal>> refusal = refuse(plan, reader);
  if (!refusal.ok()) return end_of(refusal.error());
  if (!*refusal) return std::nullopt;
  return GrpcPart::end((*refusal)->gone ? GrpcStatus::out_of_range : GrpcStatus::invalid_argument, (*refusal)->reason);
}

}  // namespace

ProductService::ProductService(ApiProduct product, ProductFile file, size_t view, ViewHost& host, Clock& clock,
                               std::function<std::string(const ApiProduct& product)> status)
    : product_(std::move(product)),
      file_(std::move(file)),
      view_(view),
      host_(host),
      clock_(clock),
      status_(std::move(status)) {
  for (size_t i = 0; i < product_.row.size(); ++i) leaves_.push_back(leaf_offset(product_.row, i));
  if (!product_.keyed) return;
  for (const std::string& path : product_.key) {
    const std::optional<NamedPath> named = named_path(product_.row, path);
    BRAID_CHECK(named);
    key_.push_back(named->place);
  }
}

/// What both calls share.
class ProductService::Read : public GrpcExchange {
 public:
  Read(const ProductService& service, Sight sight) : service_(service), sight_(std::move(sight)) {}

  void no_more() final {
    if (!asked_ && !ended_) ended_ = GrpcPart::end(GrpcStatus::invalid_argument, "there is no request");
  }

 protected:
  /// The request is this; or ends with what is wrong with it.
  void ask(const Result<AskedRows>& asked) {
    if (!asked.ok()) {
      ended_ = end_of(asked.error());
      return;
    }
    asked_ = *asked;
    asked_->plan.sight = sight_;
    asked_->plan.columns = asked_->fields;
    at_.emplace(*asked_, service_.host_, service_.clock_);
  }
  void refuse_request() {
    ended_ = GrpcPart::end(GrpcStatus::invalid_argument, "the request is no message of this service");
  }

  std::string at_of(const ViewsAt& at) const {
    std::string made;
    append_number(made, 1, at.epoch);
    if (at.watermark != INT64_MIN && at.watermark != INT64_MAX) append_timestamp_message(made, 2, at.watermark);
    if (const std::string status = service_.status(); !status.empty()) append_sized(made, 3, status);
    append_number(made, 4, static_cast<uint64_t>(service_.product().version));
    return made;
  }
  std::string row_of(const Slot* slots) const {
    std::string made;
    const std::vector<Field>& row = service_.product().row;
    if (asked_->fields.empty()) {
      for (size_t i = 0; i < row.size(); ++i) append_column(service_.file(), row, i, slots + service_.leaves_[i], made);
    } else {
      for (const int field : asked_->fields) {
        const auto i = static_cast<size_t>(field);
        append_column(service_.file(), row, i, slots + service_.leaves_[i], made);
      }
    }
    return made;
  }

  const ProductService& service_;
  Sight sight_;
  std::optional<AskedRows> asked_;
  std::optional<GrpcPart> ended_;
  std::optional<AtEpoch> at_;
};

class ProductService::Get : public Read {
 public:
  Get(const ProductService& service, const Sight& sight) : Read(service, sight) {}

  void take(std::string_view message) override {
    if (asked_ || ended_) return;
    Asked asked;
    std::string_view key;
    bool parts_whole = true;
    const bool whole = read_message(message, [&](const WireValue& value) {
      if (value.type == WireType::sized) {
        if (value.number == 1) key = value.bytes;
        if (value.number == 2) asked.field(value.bytes);
        if (value.number == 3) parts_whole = asked.as_of(value.bytes) && parts_whole;
        if (value.number == 5) asked.wait(value.bytes);
      } else if (value.number == 4 && value.type == WireType::varint) {
        asked.query.emplace_back("min_epoch", std::to_string(value.bits));
      }
    });
    if (!whole || !parts_whole || !read_key(key)) return refuse_request();
    if (ended_) return;
    ask(asked.read(service_.product(), true));
  }

  GrpcPart next() override {
    if (ended_) return *ended_;
    if (!asked_) return {};
    GrpcPart part;
    const std::shared_ptr<const ViewsState> state = at_->state(part);
    if (!state) return part;
    ViewReader reader(state, service_.view_);
    if (std::optional<GrpcPart> refused = refusal_of(asked_->plan, reader)) return *std::move(refused);
    std::string row;
    const Result<bool> found = read_row(key_, asked_->plan, reader, [&](const Slot* slots, const ViewStamp&) {
      row = row_of(slots);
      return false;
    });
    if (!found.ok()) return end_of(found.error());
    if (!*found) return GrpcPart::end(GrpcStatus::not_found, "there is no row of that key");
    std::string reply;
    append_sized(reply, 1, at_of(state->at));
    append_sized(reply, 2, row);
    ended_ = GrpcPart::end();
    return GrpcPart::message(std::move(reply));
  }

 private:
  /// False: broken.
  bool read_key(std::string_view bytes) {
    const ApiProduct& product = service_.product();
    const std::vector<ProtobufColumn>& columns = service_.file().key;
    std::vector<std::optional<std::string>> texts(columns.size());
    bool of_type = true;
    const bool whole = read_message(bytes, [&](const WireValue& value) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].number != value.number) continue;
        texts[i] = text_of(columns[i], value);
        of_type = of_type && texts[i];
      }
    });
    if (!whole || !of_type) return false;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string text = texts[i].value_or(text_of_default(columns[i].type));
      const std::optional<std::string> part = value_bytes(service_.key_[i], text);
      if (!part) {
        ended_ = GrpcPart::end(GrpcStatus::invalid_argument, fmt::format("`{}` is no {}, which `{}` is", text,
                                                                         to_string(columns[i].type), product.key[i]));
        return true;
      }
      key_ += *part;
    }
    return true;
  }

  std::string key_;
};

class ProductService::Scan : public Read {
 public:
  Scan(const ProductService& service, const Sight& sight) : Read(service, sight) {}

  void take(std::string_view message) override {
    if (asked_ || ended_) return;
    Asked asked;
    std::string after;
    bool parts_whole = true;
    const bool whole = read_message(message, [&](const WireValue& value) {
      const bool is_sized = value.type == WireType::sized, is_varint = value.type == WireType::varint;
      if (value.number == 1 && is_sized) parts_whole = asked.condition(value.bytes) && parts_whole;
      if (value.number == 2 && is_sized) asked.field(value.bytes);
      if (value.number == 3 && is_sized && !value.bytes.empty()) asked.query.emplace_back("order", value.bytes);
      if (value.number == 4 && is_varint) left_ = value.bits == 0 ? UINT64_MAX : value.bits;
      if (value.number == 5 && is_sized) after = value.bytes;
      if (value.number == 6 && is_sized) parts_whole = asked.as_of(value.bytes) && parts_whole;
      if (value.number == 7 && is_varint) asked.query.emplace_back("min_epoch", std::to_string(value.bits));
      if (value.number == 8 && is_sized) asked.wait(value.bytes);
    });
    if (!whole || !parts_whole) return refuse_request();
    if (!after.empty()) asked.query.emplace_back("after", after);
    ask(asked.read(service_.product(), false));
    query_ = std::move(asked.query);
  }

  GrpcPart next() override {
    if (ended_) return *ended_;
    if (!asked_) return {};
    GrpcPart part;
    const std::shared_ptr<const ViewsState> state = at_->state(part);
    if (!state) return part;
    const ViewReader reader(state, service_.view_);
    if (std::optional<GrpcPart> refused = refusal_of(asked_->plan, reader)) return *std::move(refused);
    std::string reply;
    append_sized(reply, 1, at_of(state->at));
    asked_->plan.limit = std::min(left_, Api::kMostRows);
    const Result<ReadResult> result = read(asked_->plan, reader, [&](const Slot* slots, const ViewStamp&) {
      append_sized(reply, 2, row_of(slots));
      return reply.size() < kBytesOfReply;
    });
    if (!result.ok()) return end_of(result.error());
    left_ -= left_ == UINT64_MAX ? 0 : result->rows;
    if (result->more) {
      // The rest is of this epoch, too.
      service_.host_.keep(state, service_.clock_.steady_us() + Api::kTokenHolds);
      asked_->pinned_epoch = state->at.epoch;
      asked_->plan.behind = result->position;
      append_sized(reply, 3, token_of(state->at.epoch, service_.product(), query_, result->position));
    }
    if (!result->more || left_ == 0) ended_ = GrpcPart::end();
    return GrpcPart::message(std::move(reply));
  }

 private:
  uint64_t left_ = UINT64_MAX;
  Query query_;
};

std::unique_ptr<GrpcExchange> ProductService::call(std::string_view method, const Sight& sight) const {
  if (method == "Get" && product_.keyed) return std::make_unique<Get>(*this, sight);
  if (method == "Scan") return std::make_unique<Scan>(*this, sight);
  return nullptr;
}

}  // namespace braid::serve
