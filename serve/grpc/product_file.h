// What a product is in Protobuf: its row, its key, and the service that reads it, as a file descriptor that is made
// when the job starts.
//
// The package is domain, product and version, `shop.order.v1`; the service in it is `View`. Clients keep what they have
// compiled while products get new fields, so a field's number follows from its name alone, and so does that of a symbol
// of an enum. What Protobuf cannot have, as lists that may be null, is JSON text.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/codec/protobuf_encoder.h"
#include "serve/rest/api.h"

namespace google::protobuf {
class DescriptorPool;
}

namespace braid::serve {

struct ProductFile {
  std::string package;                  ///< `shop.order.v1`
  std::string path;                     ///< `shop/order/v1.proto`
  std::string text;                     ///< the file, for people and compilers
  std::vector<ProtobufColumn> columns;  ///< of the row
  std::vector<bool> as_json;            ///< by column: its text is JSON
  std::vector<ProtobufColumn> key;      ///< in the order of the product's key
};
/// The error says what the product has that cannot be named in Protobuf.
Result<ProductFile> product_file_of(const ApiProduct& product);

/// Appends the value of one column. `slots`: its first leaf in the row.
void append_column(const ProductFile& file, const std::vector<Field>& row, size_t column, const Slot* slots,
                   std::string& out);

/// Messages that all products share: `braid/read/v1.proto`.
std::string_view shared_read_file();
inline constexpr std::string_view kSharedReadPath = "braid/read/v1.proto";

/// Descriptors of files, and which file has which name: what reflection tells.
class ProtobufFiles {
 public:
  ProtobufFiles();
  ~ProtobufFiles();
  /// `text`: imports what was added before, or google/protobuf/timestamp.proto and duration.proto.
  Status add(const std::string& path, std::string_view text);

  /// Serialised descriptors of the file and of all that it imports, the file first; empty: there is no such file.
  std::vector<std::string> with_imports(const std::string& path) const;
  /// Empty: no file has the symbol, the full name of a message, enum, service, method, or field.
  std::string file_of(const std::string& symbol) const;
  const std::vector<std::string>& services() const { return services_; }

 private:
  struct File {
    std::string descriptor;
    std::vector<std::string> imports;
  };
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;  ///< of all files
  std::map<std::string, File> files_;
  std::map<std::string, std::string> symbols_;
  std::vector<std::string> services_;
};

}  // namespace braid::serve
