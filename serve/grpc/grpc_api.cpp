#include "serve/grpc/grpc_api.h"

#include <algorithm>

namespace braid::serve {
namespace {

constexpr std::string_view kHealthFile = R"(syntax = "proto3";
package grpc.health.v1;

message HealthCheckRequest {
  string service = 1;
}

message HealthCheckResponse {
  enum ServingStatus {
    UNKNOWN = 0;
    SERVING = 1;
    NOT_SERVING = 2;
    SERVICE_UNKNOWN = 3;
  }
  ServingStatus status = 1;
}

service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}
)";

/// `{}`: the version of its package.
constexpr std::string_view kReflectionFile = R"(syntax = "proto3";
package grpc.reflection.{0};

message ServerReflectionRequest {{
  string host = 1;
  oneof message_request {{
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }}
}}

message ExtensionRequest {{
  string containing_type = 1;
  int32 extension_number = 2;
}}

message ServerReflectionResponse {{
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {{
    FileDescriptorResponse file_descriptor_response = 4;
    ExtensionNumberResponse all_extension_numbers_response = 5;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }}
}}

message FileDescriptorResponse {{
  repeated bytes file_descriptor_proto = 1;
}}

message ExtensionNumberResponse {{
  string base_type_name = 1;
  repeated int32 extension_number = 2;
}}

message ListServiceResponse {{
  repeated ServiceResponse service = 1;
}}

message ServiceResponse {{
  string name = 1;
}}

message ErrorResponse {{
  int32 error_code = 1;
  string error_message = 2;
}}

service ServerReflection {{
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}}
)";

}  // namespace

Result<std::unique_ptr<GrpcApi>> GrpcApi::make(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
                                               const std::function<std::string(const ApiProduct& product)>& status) {
  std::unique_ptr<GrpcApi> made(new GrpcApi(host));
  BRAID_TRY(made->files_.add("grpc/health/v1/health.proto", kHealthFile));
  for (const char* version : {"v1", "v1alpha"})
    BRAID_TRY(made->files_.add(fmt::format("grpc/reflection/{}/reflection.proto", version),
                               fmt::format(fmt::runtime(kReflectionFile), version)));
  BRAID_TRY(made->files_.add(std::string(kSharedReadPath), shared_read_file()));
  for (size_t i = 0; i < products.size(); ++i) {
    BRAID_ASSIGN(ProductFile file, product_file_of(products[i]));
    BRAID_TRY(made->files_.add(file.path, file.text));
    made->services_.push_back(std::make_unique<ProductService>(products[i], std::move(file), i, host, clock, status));
    made->places_.emplace(made->services_.back()->name(), i);
  }
  return made;
}

std::unique_ptr<GrpcExchange> GrpcApi::call(const GrpcRequest& request) const {
  const std::string_view path = request.path;
  const size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0 || slash == std::string_view::npos) return nullptr;
  const std::string_view service = path.substr(1, slash - 1), method = path.substr(slash + 1);
  if (const auto place = places_.find(service); place != places_.end()) {
    const std::optional<Sight> sight = sight_of(place->second, request);
    return sight ? services_[place->second]->call(method, *sight) : nullptr;
  }
  const bool is_reflection =
      service == "grpc.reflection.v1.ServerReflection" || service == "grpc.reflection.v1alpha.ServerReflection";
  const bool is_health = service == "grpc.health.v1.Health" && (method == "Check" || method == "Watch");
  if (!is_health && (!is_reflection || method != "ServerReflectionInfo")) return nullptr;
  std::set<std::string> hidden;
  std::vector<const ProductService*> seen;
  for (size_t i = 0; i < services_.size(); ++i) {
    if (sight_of(i, request))
      seen.push_back(services_[i].get());
    else
      hidden.insert(services_[i]->file().path);
  }
  if (is_reflection) return make_reflection(files_, std::move(hidden));
  return make_health(host_, std::move(seen), method == "Watch");
}

std::optional<Sight> GrpcApi::sight_of(size_t product, const GrpcRequest& request) const {
  if (rules_ == nullptr) return Sight();
  return request.consumer == nullptr ? std::nullopt : rules_->sight(product, *request.consumer);
}

}  // namespace braid::serve
