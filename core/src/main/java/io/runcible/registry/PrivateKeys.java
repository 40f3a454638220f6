package io.runcible.registry;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads private keys in PEM (RFC 7468): PKCS #8, and the older forms of RSA (PKCS #1) and of
 * elliptic curves (RFC 5915), which say less about themselves. What they leave out is taken from
 * the public key that they belong to. Errors do not quote the text.
 */
final class PrivateKeys {
  private static final Pattern BLOCK =
      Pattern.compile(
          "-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);
  private static final byte[] VERSION = {2, 1, 0};
  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;

  private PrivateKeys() {}

  /** The first private key in a text, which belongs to a public key. */
  static PrivateKey read(byte[] pem, PublicKey belonging) throws GeneralSecurityException {
    Matcher block = BLOCK.matcher(new String(pem, StandardCharsets.ISO_8859_1));
    if (!block.find()) {
      throw new GeneralSecurityException("it has no private key in PEM");
    }
    // An older form says so in a header before the base64.
    boolean encrypted = block.group(2).contains("ENCRYPTED");
    PrivateKey key =
        switch (encrypted ? "ENCRYPTED PRIVATE KEY" : block.group(1)) {
          case "PRIVATE KEY" -> decode(der(block.group(2)), belonging);
          case "RSA PRIVATE KEY", "EC PRIVATE KEY" ->
              decode(wrap(der(block.group(2)), belonging), belonging);
          case "ENCRYPTED PRIVATE KEY" ->
              throw new GeneralSecurityException("its private key has a passphrase");
          default -> throw new GeneralSecurityException("its key is not PKCS #8, PKCS #1 or EC");
        };
    requirePair(key, belonging);
    return key;
  }

  private static byte[] der(String base64) throws GeneralSecurityException {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      // The cause might quote the text.
      throw new GeneralSecurityException("its private key is not base64");
    }
  }

  private static PrivateKey decode(byte[] pkcs8, PublicKey belonging)
      throws GeneralSecurityException {
    try {
      return KeyFactory.getInstance(belonging.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException e) {
      throw new GeneralSecurityException(
          "its private key is not one of the kind " + belonging.getAlgorithm());
    }
  }

  /** PKCS #8 is a version, the algorithm as in the public key, and the older form. */
  private static byte[] wrap(byte[] older, PublicKey belonging) throws GeneralSecurityException {
    byte[] info = belonging.getEncoded();
    int content = contentAt(info, 0);
    byte[] algorithm = Arrays.copyOfRange(info, content, endAt(info, content));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(VERSION);
    all.writeBytes(algorithm);
    all.writeBytes(tagged(OCTET_STRING, older));
    return tagged(SEQUENCE, all.toByteArray());
  }

  /** Where the content of the element at a position begins; the JDK wrote it, so it is sound. */
  private static int contentAt(byte[] der, int at) {
    int length = der[at + 1] & 0xff;
    return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
  }

  private static int endAt(byte[] der, int at) throws GeneralSecurityException {
    int length = der[at + 1] & 0xff;
    if (length >= 0x80) {
      throw new GeneralSecurityException("its certificate has an algorithm that is not known");
    }
    return at + 2 + length;
  }

  private static byte[] tagged(int tag, byte[] content) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(tag);
    if (content.length < 0x80) {
      all.write(content.length);
    } else {
      int bytes = (32 - Integer.numberOfLeadingZeros(content.length) + 7) / 8;
      all.write(0x80 | bytes);
      for (int i = bytes - 1; i >= 0; i--) {
        all.write(content.length >> (8 * i));
      }
    }
    all.writeBytes(content);
    return all.toByteArray();
  }

  /** A connection that fails for this reason would not say so. */
  private static void requirePair(PrivateKey key, PublicKey belonging)
      throws GeneralSecurityException {
    String algorithm =
        switch (belonging.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> belonging.getAlgorithm();
        };
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(VERSION);
    byte[] signed = signature.sign();
    signature.initVerify(belonging);
    signature.update(VERSION);
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("its private key does not belong to the certificate");
    }
  }
}
