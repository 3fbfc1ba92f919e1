// A registry below a prefix of a bucket that speaks S3.
//
// Objects and heads are written by conditional writes (`If-None-Match: *`, `If-Match`), which the server decides in one
// step. The first swap asks whether it does so at all: one that ignores the conditions would lose publications (7331).
//
// A bucket has no lock that ends with its process. So everybody has a turn at any time, and what is collected has to be
// older than a publication takes: an object counts as settled a day after it was written, and who needs one that is
// half as old writes it again.
#pragma once

#include "mesh/registry/aws_signature.h"
#include "mesh/registry/object_store.h"
#include "mesh/registry/patient_web.h"

namespace braid::mesh {

struct S3Place {
  std::string endpoint;  ///< "https://s3.eu-central-1.amazonaws.com", without a path
  std::string region;
  std::string bucket;
  std::string prefix;  ///< "teams/registry"; empty: all of the bucket
  AwsKey key;
};

class S3Store : public ObjectStore {
 public:
  /// The clock outlives the store.
  S3Store(S3Place place, std::unique_ptr<Web> web, Clock& clock, int attempts = 6);

  std::string place() const override;
  Result<std::optional<std::string>> read(const std::string& name) override;
  Result<bool> put_if_absent(const std::string& name, const std::string& content) override;
  Result<std::optional<StoredHead>> read_head(const std::string& name) override;
  Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                         const std::string& content) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  /// None: an object is there whole or not at all.
  Result<std::vector<std::string>> list_leftovers(const std::string&) override { return std::vector<std::string>(); }
  Status remove(const std::string& name) override;
  Result<std::unique_ptr<Turn>> take_turn() override { return std::make_unique<Turn>(); }
  Result<bool> is_settled(const std::string& name) override;

 private:
  using Answer = PatientWeb::Answer;
  /// `key`: of the bucket. `conditions`: headers.
  Result<Answer> ask(const std::string& method, const std::string& key, const std::map<std::string, std::string>& query,
                     const std::map<std::string, std::string>& conditions, const std::string& body);
  Result<Answer> get(const std::string& name) { return ask("GET", key_of(name), {}, {}, {}); }
  Result<Answer> put(const std::string& name, const std::map<std::string, std::string>& conditions,
                     const std::string& body);
  Status check_conditions();
  std::string key_of(const std::string& name) const {
    return place_.prefix.empty() ? name : place_.prefix + "/" + name;
  }
  Error failed(const Answer& answer, bool writes = false) const;

  S3Place place_;
  std::string host_;
  PatientWeb web_;
  Clock& clock_;
  bool keeps_conditions_ = false;
};

}  // namespace braid::mesh
