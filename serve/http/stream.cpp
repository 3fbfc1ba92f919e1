#include "serve/http/stream.h"

namespace braid::serve {
namespace {

/// Nothing of a text that holds a zero byte: others would read another name.
void add_name(const ASN1_STRING* text, std::vector<std::string>& names) {
  if (text == nullptr) return;
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, text);
  if (length < 0) return;
  std::string name(reinterpret_cast<char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  if (!name.empty() && name.find('\0') == std::string::npos) names.push_back(std::move(name));
}

}  // namespace

std::vector<std::string> ServerStream::certificate_names() {
  std::vector<std::string> names;
  if (!tls_) return names;
  SSL* const ssl = tls_->native_handle();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl), X509_free);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return names;
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0)
    add_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), names);
  auto* const others =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; others != nullptr && i < sk_GENERAL_NAME_num(others); ++i) {
    const GENERAL_NAME* const other = sk_GENERAL_NAME_value(others, i);
    if (other->type == GEN_DNS) add_name(other->d.dNSName, names);
    if (other->type == GEN_URI) add_name(other->d.uniformResourceIdentifier, names);
  }
  GENERAL_NAMES_free(others);
  return names;
}

}  // namespace braid::serve
