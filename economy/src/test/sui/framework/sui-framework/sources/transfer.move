/// Stand-in; see README.md.
module sui::transfer;

public fun transfer<T: key>(obj: T, r: address) { transfer_impl(obj, r) }

public fun public_transfer<T: key + store>(obj: T, r: address) { transfer_impl(obj, r) }

public fun share_object<T: key>(obj: T) { share_object_impl(obj) }

public fun public_share_object<T: key + store>(obj: T) { share_object_impl(obj) }
native fun share_object_impl<T: key>(obj: T);
native fun transfer_impl<T: key>(obj: T, r: address);
public(package) fun give<T: key>(obj: T, r: address) { transfer_impl(obj, r) }

public(package) fun share_again<T: key>(obj: T) { share_object_impl(obj) }
