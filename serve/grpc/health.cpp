#include <optional>

#include "serve/grpc/grpc_api.h"
#include "serve/grpc/message_reader.h"

namespace braid::serve {
namespace {

// grpc.health.v1.HealthCheckResponse.ServingStatus.
enum class Health : uint8_t { serving = 1, not_serving = 2, service_unknown = 3 };

class HealthCall : public GrpcExchange {
 public:
  HealthCall(const ViewHost& host, std::vector<const ProductService*> services, bool watch)
      : host_(host), services_(std::move(services)), watch_(watch) {}

  void take(std::string_view message) override {
    if (asked_) return;
    std::string service;
    broken_ = !read_message(message, [&](const WireValue& value) {
      if (value.number == 1 && value.type == WireType::sized) service = value.bytes;
    });
    asked_ = service;
  }

  void no_more() override { closed_ = true; }

  GrpcPart next() override {
    if (done_) return GrpcPart::end();
    if (!asked_) return closed_ ? GrpcPart::end(GrpcStatus::invalid_argument, "there is no request") : GrpcPart{};
    if (broken_) return GrpcPart::end(GrpcStatus::invalid_argument, "the request is no message of this service");
    const Health now = health();
    // One call asks once; the other is told what changes.
    if (!watch_ && now == Health::service_unknown)
      return GrpcPart::end(GrpcStatus::not_found, fmt::format("there is no service `{}`", *asked_));
    if (watch_ && told_ == now) return {};
    told_ = now;
    done_ = !watch_;
    std::string answer;
    append_number(answer, 1, static_cast<uint64_t>(now));
    return GrpcPart::message(std::move(answer));
  }

 private:
  Health health() const {
    const bool runs = host_.now() != nullptr;
    if (asked_->empty()) return runs ? Health::serving : Health::not_serving;
    for (const ProductService* service : services_)
      if (service->name() == *asked_)
        return runs && service->status() != "breached" ? Health::serving : Health::not_serving;
    return Health::service_unknown;
  }

  const ViewHost& host_;
  std::vector<const ProductService*> services_;
  bool watch_;
  std::optional<std::string> asked_;
  std::optional<Health> told_;
  bool closed_ = false, broken_ = false, done_ = false;
};

}  // namespace

std::unique_ptr<GrpcExchange> make_health(const ViewHost& host, std::vector<const ProductService*> services,
                                          bool watch) {
  return std::make_unique<HealthCall>(host, std::move(services), watch);
}

}  // namespace braid::serve
